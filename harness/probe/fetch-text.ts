/** Fetches what a probe reads, again and again; what cannot be had now is left out. */
import { Agent, request } from 'undici';
import type { Ms } from '../model/time.ts';
import { waitOrAbort } from '../model/wait.ts';

const READ_TIMEOUT_MS: Ms = 1_000;

/** The text behind a URL; null where it did not answer 200 in time. */
export async function fetchText(url: URL, agent: Agent, signal: AbortSignal): Promise<string | null> {
  try {
    const { body, statusCode } = await request(url, {
      dispatcher: agent,
      signal: AbortSignal.any([signal, AbortSignal.timeout(READ_TIMEOUT_MS)]),
    });
    const text = await body.text();
    return statusCode === 200 ? text : null;
  } catch {
    return null; // busy or gone; a check that lacks a reading says so
  }
}

/**
 * Reads again and again until `signal` aborts.
 * @param read is given a connection of its own: the load's pool may be full just when it is interesting
 */
export async function readEvery(
  everyMs: Ms,
  signal: AbortSignal,
  read: (agent: Agent) => Promise<void>,
): Promise<void> {
  const agent = new Agent({ connections: 1 });
  try {
    while (!signal.aborted) {
      await read(agent);
      await waitOrAbort(everyMs, signal);
    }
  } finally {
    await agent.destroy();
  }
}
