/**
 * Reads the state of breakers where the config says: a field of a JSON answer, or a Prometheus gauge. It corroborates;
 * what cannot be read is left out, and the wire tells.
 */
import type { BreakerSource } from '../model/breaker-source.ts';
import type { Config } from '../model/config.ts';
import type { BreakerEvent, Unnumbered } from '../model/history.ts';
import { wordAt } from '../model/json-path.ts';
import type { BreakerState } from '../model/policy.ts';
import type { Clock, Ms } from '../model/time.ts';
import { fetchText, readEvery } from './fetch-text.ts';
import { samplesOf } from './prometheus-text.ts';
import { changesTo, watchBreakers } from './resilience.ts';

/** How often they are read: several times in the shortest open duration, and seldom enough not to be felt. */
const READ_EVERY_MS: Ms = 100;

/** What a state is called by those who have written breakers. */
const USUAL: Readonly<Record<string, BreakerState>> = {
  closed: 'closed',
  open: 'open',
  'half-open': 'half-open',
  halfopen: 'half-open',
  'forced-open': 'open',
  disabled: 'closed',
  'metrics-only': 'closed',
  false: 'closed',
  true: 'open',
  '0': 'closed',
  '1': 'open',
  '2': 'half-open',
};

/** Watches all that the config names, and what the target serves at its resilience path, until `signal` aborts. */
export async function watchAllBreakers(
  { resiliencePath, breakers }: Config['target'],
  entryUrl: string,
  now: Clock,
  emit: (event: Unnumbered<BreakerEvent>) => void,
  signal: AbortSignal,
): Promise<void> {
  await Promise.all([
    resiliencePath === undefined ? null : watchBreakers(new URL(resiliencePath, entryUrl), now, emit, signal),
    watchSources(breakers, entryUrl, now, emit, signal),
  ]);
}

async function watchSources(
  sources: Readonly<Record<string, BreakerSource>>,
  entryUrl: string,
  now: Clock,
  emit: (event: Unnumbered<BreakerEvent>) => void,
  signal: AbortSignal,
): Promise<void> {
  const paths = new Set(Object.values(sources).map(({ path }) => path));
  if (paths.size === 0) return;
  const tell = changesTo(emit);
  await readEvery(READ_EVERY_MS, signal, async (agent) => {
    for (const path of paths) {
      const t = now();
      const text = await fetchText(new URL(path, entryUrl), agent, signal);
      if (text === null) continue;
      for (const [link, source] of Object.entries(sources)) {
        const state = source.path === path ? stateIn(text, source) : null;
        if (state !== null) tell(t, link, state);
      }
    }
  });
}

/** The state that a text tells of; null: it tells of none that is known. */
export function stateIn(text: string, source: BreakerSource): BreakerState | null {
  const word = 'json' in source ? jsonWord(text, source.json) : gaugeWord(text, source);
  if (word === null) return null;
  if (Object.hasOwn(source.states, word)) return source.states[word] ?? null;
  const plain = word.toLowerCase().replaceAll(/[\s_]+/g, '-');
  return Object.hasOwn(USUAL, plain) ? (USUAL[plain] ?? null) : null;
}

function jsonWord(text: string, path: string): string | null {
  try {
    return wordAt(JSON.parse(text), path);
  } catch {
    return null;
  }
}

function gaugeWord(
  text: string,
  { metric, labels, stateLabel }: Extract<BreakerSource, { metric: string }>,
): string | null {
  const samples = samplesOf(text, metric, labels);
  if (stateLabel === undefined) return samples.length === 1 ? String(samples[0]?.value) : null;
  const present = samples.filter(({ value }) => value === 1);
  return present.length === 1 ? (present[0]?.labels.get(stateLabel) ?? null) : null;
}
