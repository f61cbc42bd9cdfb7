/** Our own schema of a link's policy, as a target serves it under /resilience. */
import { Policy } from '../../model/policy.ts';
import { validate } from '../../model/validate.ts';
import type { Adapter, Declared } from './declared.ts';

export const tripcurve: Adapter = {
  name: 'tripcurve',
  recognises: (document) => 'timeoutMs' in document && 'breaker' in document,
  read: (document) => declaredOf(validate(Policy, document, 'declared policy')),
};

export function declaredOf({ timeoutMs, retry, breaker, bulkhead, fallback }: Policy): Declared {
  return {
    'timeout.headersMs': timeoutMs,
    'retry.attempts': retry?.attempts ?? 1,
    ...(retry === null
      ? {}
      : {
          'retry.backoff': retry.backoff.kind,
          'retry.baseMs': retry.backoff.baseMs,
          ...(retry.backoff.factor === undefined ? {} : { 'retry.factor': retry.backoff.factor }),
          ...(retry.backoff.jitter === undefined ? {} : { 'retry.jitter': retry.backoff.jitter }),
        }),
    'breaker.present': breaker !== null,
    ...(breaker === null
      ? {}
      : {
          // Its window is one of calls, and what trips it a number of failures, not a share.
          'breaker.kind': breaker.kind === 'consecutive' ? 'consecutive' : 'failures-in-calls',
          'breaker.failures': breaker.failures,
          ...(breaker.windowCalls === undefined ? {} : { 'breaker.windowCalls': breaker.windowCalls }),
          'breaker.openMs': breaker.openMs,
          'breaker.halfOpenProbes': breaker.halfOpenProbes,
          'breaker.successesToClose': breaker.successesToClose,
        }),
    'bulkhead.concurrent': bulkhead?.concurrent ?? null,
    ...(bulkhead === null ? {} : { 'bulkhead.queue': bulkhead.queue }),
    'fallback.kind': fallback?.kind ?? 'none',
  };
}
