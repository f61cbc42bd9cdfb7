/**
 * Whose fault it is: one class per kind, because the exit code and the advice differ.
 * The message is one sentence: what, where, what to do.
 */

/** The user's: bad argument, malformed scenario, unreadable file. Exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}

/** The environment's: a port taken, no Postgres binary, a target that did not start. Exit code 2. */
export class EnvironmentError extends Error {
  override readonly name = 'EnvironmentError';
}

/** A person or a guard stopped the run before its end. Exit code 4. */
export class AbortedError extends Error {
  override readonly name = 'AbortedError';
}

/** The message of anything thrown, on one line. */
export function messageOf(thrown: unknown): string {
  // Not instanceof: an error may come from another realm, such as a test runner's.
  const { message } = (thrown ?? {}) as { message?: unknown };
  const text = typeof message === 'string' ? message : String(thrown);
  return text.replaceAll(/\s*\n\s*/g, ' ');
}
