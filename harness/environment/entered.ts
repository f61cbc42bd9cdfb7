/**
 * Where a service that need not know of us takes requests: it either announces its address, as ours do, or the config
 * says it. It is ready when its ready path answers.
 */
import http from 'node:http';
import https from 'node:https';
import net from 'node:net';
import type { Config } from '../model/config.ts';
import { EnvironmentError, UsageError } from '../model/errors.ts';
import { announcedUrl } from './announced.ts';
import type { Child } from './child.ts';
import { freePort } from './free-port.ts';
import { fill } from './template.ts';

const DIAL_LIMIT_MS = 1_000;
const READY_POLL_MS = 20;

export type Entry = Pick<Config['target'], 'entry' | 'readyPath' | 'readyWithinMs'>;

/**
 * Starts a process with a port of its own at hand, and waits until it is ready.
 * @throws UsageError where its port is taken or it is not ready in time, EnvironmentError with its last words where it ends
 */
export async function startReady(
  entry: Entry,
  spawn: (port: string) => Child,
): Promise<{ child: Child; url: URL }> {
  const port = String(await freePort());
  const told = entry.entry === undefined ? undefined : fill(entry.entry, { port }, 'target.entry');
  if (told !== undefined) await mustBeFree(told);
  const child = spawn(port);
  const url = new URL(told ?? (await announcedUrl(child)));
  const gone = child.exited.then((code) => {
    throw new EnvironmentError(
      `${child.name} ended (code ${code}) before it was ready: ${child.lastWords()}`,
    );
  });
  gone.catch(() => {}); // also when it ends later, which is no concern of ours here
  await Promise.race([untilReady(entry, url), gone]);
  return { child, url };
}

/** Whoever listens there already would get the load in the target's place. */
async function mustBeFree(entry: string): Promise<void> {
  const { hostname, port } = new URL(entry);
  const dial = net.connect({ host: hostname, port: Number(port || 80), timeout: DIAL_LIMIT_MS });
  const isTaken = await new Promise<boolean>((resolve) => {
    dial.once('connect', () => resolve(true));
    dial.once('timeout', () => resolve(false));
    dial.once('error', () => resolve(false));
  });
  dial.destroy();
  if (isTaken)
    throw new UsageError(
      `target.entry: something listens at ${entry} already; end it, or let the target have a port of its own with {{port}}`,
    );
}

/** Polls the ready path: there is no event to await in a service that is not ours. */
async function untilReady({ readyPath, readyWithinMs }: Entry, at: URL): Promise<void> {
  const url = new URL(readyPath ?? '/', at);
  const deadlineMs = performance.now() + readyWithinMs;
  for (;;) {
    const status = await statusOf(url, readyWithinMs);
    if (status === 200 || (readyPath === undefined && status !== null)) return;
    if (performance.now() > deadlineMs) {
      throw new UsageError(
        `the target was not ready within ${readyWithinMs} ms: GET ${url.pathname} at ${url.host} answered ${status ?? 'nothing'} (target.readyPath, target.readyWithinMs)`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, READY_POLL_MS));
  }
}

/** What a GET answers, or null where it does not. */
async function statusOf(url: URL, limitMs: number): Promise<number | null> {
  const status = await firstStatusOf(url, limitMs);
  if (status === null || status < 300 || status >= 400) return status;
  return fetch(url, { signal: AbortSignal.timeout(limitMs) }).then(
    async (response) => {
      await response.arrayBuffer();
      return response.status;
    },
    () => null,
  );
}

/** The same without following redirects, and without fetch: the first one of a process takes a tenth of a second. */
function firstStatusOf(url: URL, limitMs: number): Promise<number | null> {
  const { get } = url.protocol === 'https:' ? https : http;
  return new Promise((resolve) => {
    const asked = get(url, { signal: AbortSignal.timeout(limitMs) }, (response) => {
      const told = (): void => resolve(response.statusCode ?? null);
      response
        .on('error', () => {})
        .once('close', told)
        .resume();
    });
    asked.once('error', () => resolve(null));
  });
}
