/**
 * Reads what the target says of itself at its resilience endpoint: declared policy once, breaker
 * states again and again. It corroborates; no verdict rests on it alone.
 */
import { request } from 'undici';
import type { Config } from '../model/config.ts';
import { EnvironmentError, messageOf } from '../model/errors.ts';
import type { BreakerEvent, Unnumbered } from '../model/history.ts';
import { type BreakerState, type Policy, ResilienceDocument } from '../model/policy.ts';
import type { Clock, Ms, Nanoseconds } from '../model/time.ts';
import { readEvery } from './fetch-text.ts';

/** How often the states are read. A state shorter than this can go unseen. */
const POLL_EVERY_MS: Ms = 50;

/** The declared policy per link. @throws EnvironmentError where the document is missing or malformed. */
async function readDeclared(url: URL): Promise<Record<string, Policy>> {
  try {
    const { statusCode, body } = await request(url, { signal: AbortSignal.timeout(5_000) });
    if (statusCode !== 200) {
      await body.dump();
      throw new Error(`status ${statusCode}`);
    }
    const document = ResilienceDocument.parse(await body.json());
    return Object.fromEntries(Object.entries(document.links).map(([link, { policy }]) => [link, policy]));
  } catch (error) {
    throw new EnvironmentError(
      `the target's declared policy at ${url.pathname} cannot be read: ${messageOf(error)}`,
    );
  }
}

/** What the target declares: what its config says, and over it what the target itself serves. @throws as {@link readDeclared} */
export async function declaredBy(
  { declared, resiliencePath }: Config['target'],
  entryUrl: string,
): Promise<Record<string, Policy>> {
  if (resiliencePath === undefined) return declared;
  return { ...declared, ...(await readDeclared(new URL(resiliencePath, entryUrl))) };
}

/** Watches breaker states until `signal` aborts; emits each change. A read that fails is left out. */
export async function watchBreakers(
  url: URL,
  now: Clock,
  emit: (event: Unnumbered<BreakerEvent>) => void,
  signal: AbortSignal,
): Promise<void> {
  const tell = changesTo(emit);
  await readEvery(POLL_EVERY_MS, signal, async (agent) => {
    const t = now();
    try {
      const response = await request(url, {
        dispatcher: agent,
        signal: AbortSignal.any([signal, AbortSignal.timeout(1_000)]),
      });
      const { links } = ResilienceDocument.parse(await response.body.json());
      for (const [link, { state }] of Object.entries(links)) tell(t, link, state);
    } catch {
      // The target may be busy or gone; the wire tells, and the next read will.
    }
  });
}

/** Tells of a link's state where it is another than the one before. */
export function changesTo(
  emit: (event: Unnumbered<BreakerEvent>) => void,
): (t: Nanoseconds, link: string, state: BreakerState) => void {
  const known = new Map<string, BreakerState>();
  return (t, link, state) => {
    const from = known.get(link) ?? null;
    if (from !== state) emit({ kind: 'breaker', t, link, from, to: state });
    known.set(link, state);
  };
}
