/**
 * The ways a call on a link can go wrong, and which of them speak against the dependency.
 * Clients translate whatever their library throws into these; nothing else counts for a breaker.
 */
import type { LinkName } from '../policy.ts';

/** The dependency failed: unreachable, broken off, overloaded or answering nonsense. */
export class DependencyFault extends Error {
  override readonly name = 'DependencyFault';
  readonly link: LinkName;
  readonly kind: 'network' | 'status' | 'malformed';

  constructor(link: LinkName, kind: DependencyFault['kind'], detail: string, options?: ErrorOptions) {
    super(`${link}: ${detail}`, options);
    this.link = link;
    this.kind = kind;
  }
}

/** Not within the policy's limit: the answer of one attempt, or the next piece of one. The attempt has been aborted. */
export class CallTimedOut extends Error {
  override readonly name = 'CallTimedOut';
  readonly link: LinkName;

  constructor(link: LinkName, timeoutMs: number, missing = 'answer') {
    super(`${link}: no ${missing} within ${timeoutMs} ms`);
    this.link = link;
  }
}

/**
 * The dependency works and refuses: no reason to stop calling it. `request`: what was sent is wrong and
 * will be for ever. `setup`: the operator can mend it (credentials, missing table), then it will pass.
 */
export class RequestRefused extends Error {
  override readonly name = 'RequestRefused';
  readonly link: LinkName;
  readonly kind: 'request' | 'setup';

  constructor(link: LinkName, kind: RequestRefused['kind'], detail: string, options?: ErrorOptions) {
    super(`${link}: ${detail}`, options);
    this.link = link;
    this.kind = kind;
  }
}

/** The call was not made. */
export class CallRejected extends Error {
  override readonly name = 'CallRejected';
  readonly link: LinkName;
  readonly reason: 'open' | 'half-open' | 'bulkhead';

  constructor(link: LinkName, reason: CallRejected['reason']) {
    super(`${link}: call rejected, ${REASONS[reason]}`);
    this.link = link;
    this.reason = reason;
  }
}

const REASONS: Record<CallRejected['reason'], string> = {
  open: 'the breaker is open',
  'half-open': 'the breaker is half-open and its probes are taken',
  bulkhead: 'too many calls are in flight',
};

/** Whether this outcome counts against the dependency. Everything unknown is our own bug and does not. */
export function speaksAgainst(error: unknown): boolean {
  return error instanceof DependencyFault || error instanceof CallTimedOut;
}

/** Any of the four: the link could not serve, as opposed to a bug in our code. */
export function isLinkError(
  error: unknown,
): error is DependencyFault | CallTimedOut | RequestRefused | CallRejected {
  return (
    error instanceof DependencyFault ||
    error instanceof CallTimedOut ||
    error instanceof RequestRefused ||
    error instanceof CallRejected
  );
}
