/**
 * Reads the numbers that the config names, from Prometheus text or JSON that the target serves. They corroborate:
 * whether they agree with the wire is a question of its own.
 */
import { Agent } from 'undici';
import type { ReadingSource } from '../model/config.ts';
import type { ReadingEvent, Unnumbered } from '../model/history.ts';
import { valueAt } from '../model/json-path.ts';
import type { Clock, Ms } from '../model/time.ts';
import { fetchText, readEvery } from './fetch-text.ts';
import { samplesOf } from './prometheus-text.ts';

/** How often they are read: seldom enough that the target hardly feels it. */
const READ_EVERY_MS: Ms = 250;

export interface ReadingsOptions {
  entryUrl: string;
  readings: Readonly<Record<string, ReadingSource>>;
  now: Clock;
  emit(event: Unnumbered<ReadingEvent>): void;
}

/** Reads again and again until `signal` aborts. What cannot be read is left out. */
export async function watchReadings(options: ReadingsOptions, signal: AbortSignal): Promise<void> {
  if (Object.keys(options.readings).length === 0) return;
  await readEvery(READ_EVERY_MS, signal, (agent) => readOnce(options, agent, signal));
}

/** Reads all of them once more. */
export async function readNow(options: ReadingsOptions, signal: AbortSignal): Promise<void> {
  const agent = new Agent({ connections: 1 });
  try {
    await readOnce(options, agent, signal);
  } finally {
    await agent.destroy();
  }
}

async function readOnce(
  { entryUrl, readings, now, emit }: ReadingsOptions,
  agent: Agent,
  signal: AbortSignal,
): Promise<void> {
  for (const [path, named] of byPath(readings)) {
    const t = now();
    const text = await fetchText(new URL(path, entryUrl), agent, signal);
    if (text === null) continue;
    for (const [name, source] of named) {
      const value = readingIn(text, source);
      if (value !== null) emit({ kind: 'reading', t, name, value, unit: source.unit });
    }
  }
}

function byPath(
  readings: Readonly<Record<string, ReadingSource>>,
): ReadonlyMap<string, [string, ReadingSource][]> {
  const paths = new Map<string, [string, ReadingSource][]>();
  for (const entry of Object.entries(readings)) {
    const { path } = entry[1];
    const same = paths.get(path);
    if (same === undefined) paths.set(path, [entry]);
    else same.push(entry);
  }
  return paths;
}

/** The number a text holds for a source; null: it holds none. */
export function readingIn(text: string, source: ReadingSource): number | null {
  if ('metric' in source) return sumOf(text, source.metric, source.labels);
  try {
    const value = valueAt(JSON.parse(text), source.json);
    return typeof value === 'number' ? value : null;
  } catch {
    return null;
  }
}

function sumOf(text: string, metric: string, labels: Readonly<Record<string, string>>): number | null {
  const samples = samplesOf(text, metric, labels);
  const sum = samples.reduce((total, { value }) => total + value, 0);
  return samples.length === 0 || Number.isNaN(sum) ? null : sum;
}
