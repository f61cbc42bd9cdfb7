/** Waiting with a limit that says what was awaited. */
import { EnvironmentError } from './errors.ts';

/** @throws EnvironmentError `waited N ms for <what>` when `promise` is still open after `limitMs`. */
export async function within<T>(limitMs: number, what: string, promise: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new EnvironmentError(`waited ${limitMs} ms in vain for ${what}`)),
      limitMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
