/**
 * Limits within an answer that comes in pieces: how long until the first, and how long between two. A stream that
 * stalls looks healthy to a limit on its head and hangs until a limit on the whole; this one sees it.
 */
import type { LinkName } from '../policy.ts';
import { CallTimedOut } from '../resilience/faults.ts';

export interface TokenLimits {
  readonly firstTokenMs: number;
  readonly betweenTokensMs: number;
}

/**
 * Runs `run`, whose `onToken` must be told of each piece.
 * @throws CallTimedOut when a piece is late; the signal that `run` has is aborted with it.
 */
export async function withTokenLimits<T>(
  link: LinkName,
  { firstTokenMs, betweenTokensMs }: TokenLimits,
  signal: AbortSignal,
  run: (signal: AbortSignal, onToken: () => void) => Promise<T>,
): Promise<T> {
  const late = new AbortController();
  const timedOut = Promise.withResolvers<never>();
  // Nobody may be waiting any more when it is late.
  timedOut.promise.catch(() => {});
  let timer = arm(firstTokenMs, 'first token');

  function arm(limitMs: number, missing: string): NodeJS.Timeout {
    return setTimeout(() => {
      const error = new CallTimedOut(link, limitMs, missing);
      timedOut.reject(error);
      late.abort(error);
    }, limitMs);
  }

  function onToken(): void {
    clearTimeout(timer);
    timer = arm(betweenTokensMs, 'further token');
  }

  try {
    return await Promise.race([run(AbortSignal.any([signal, late.signal]), onToken), timedOut.promise]);
  } finally {
    clearTimeout(timer);
  }
}
