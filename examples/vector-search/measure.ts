/**
 * One candidate in a process of its own, so that its memory is its own: builds it, asks it, prints one line of JSON.
 * Started by main.ts with the folder of the data, the candidate's name and the number of passes.
 */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { DIMENSION } from '../../services/mimo/memory/hash-vector.ts';
import { type Built, Unavailable } from './candidate.ts';
import { CANDIDATES } from './candidates/registry.ts';
import { K, percentile, recall } from './truth.ts';

/** Latency of the queries of one pass, in ms. */
export interface Pass {
  readonly p50: number;
  readonly p99: number;
  /** Processor time of a query in the mean, of a server's processes too: what else the machine does is not in it. */
  readonly cpu: number;
}

/** What was measured with one value of ef_search, or with none. */
export interface Setting {
  readonly ef: number | null;
  readonly recall: number;
  readonly passes: readonly Pass[];
}

export interface Measured {
  readonly version: string;
  readonly buildMs: number;
  /** Of the index, with the vectors where it keeps its own; of the whole server where it is one. */
  readonly memoryBytes: number;
  readonly settings: readonly Setting[];
}

/** What the process prints: a result, or why there is none. */
export type Outcome = { readonly measured: Measured } | { readonly unavailable: string };

async function floats(file: string): Promise<Float32Array> {
  const bytes = await readFile(file);
  return new Float32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength / Float32Array.BYTES_PER_ELEMENT);
}

function residentBytes(): number {
  globalThis.gc?.();
  return process.memoryUsage.rss();
}

async function pass(built: Built, queries: Float32Array): Promise<{ found: number[][]; latency: Pass }> {
  const found: number[][] = [];
  const times: number[] = [];
  const before = await cpuMs(built);
  for (let from = 0; from < queries.length; from += DIMENSION) {
    const query = queries.subarray(from, from + DIMENSION);
    const beganAtMs = performance.now();
    found.push(await built.search(query, K));
    times.push(performance.now() - beganAtMs);
  }
  const cpu = ((await cpuMs(built)) - before) / times.length;
  return { found, latency: { p50: percentile(times, 0.5), p99: percentile(times, 0.99), cpu } };
}

/** Of this process and of the candidate's own. */
async function cpuMs(built: Built): Promise<number> {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000 + ((await built.cpuMs?.()) ?? 0);
}

async function measure(folder: string, name: string, passes: number): Promise<Measured> {
  const candidate = CANDIDATES[name];
  if (candidate === undefined) throw new Unavailable(`no candidate ${name}`);
  const base = await floats(path.join(folder, 'base'));
  const queries = await floats(path.join(folder, 'queries'));
  const truth = await readFile(path.join(folder, 'truth'));
  const nearest = new Int32Array(
    truth.buffer,
    truth.byteOffset,
    truth.byteLength / Int32Array.BYTES_PER_ELEMENT,
  );

  const before = residentBytes();
  const beganAtMs = performance.now();
  await using built = await candidate.build(base);
  const buildMs = built.buildMs ?? performance.now() - beganAtMs;
  const grown = residentBytes() - before;

  const settings: Setting[] = [];
  for (const ef of candidate.efs.length === 0 ? [null] : candidate.efs) {
    if (ef !== null) await built.setEf?.(ef);
    // The first is for caches and the compiler.
    const { found } = await pass(built, queries);
    const latencies: Pass[] = [];
    for (let i = 0; i < passes; i += 1) latencies.push((await pass(built, queries)).latency);
    settings.push({ ef, recall: recall(found, nearest), passes: latencies });
  }
  const memoryBytes = (await built.memoryBytes?.()) ?? grown;
  return { version: built.version, buildMs, memoryBytes, settings };
}

async function outcomeOf(folder: string, name: string, passes: number): Promise<Outcome> {
  try {
    return { measured: await measure(folder, name, passes) };
  } catch (error) {
    if (error instanceof Unavailable) return { unavailable: error.message };
    throw error;
  }
}

if (import.meta.main) {
  const [folder = '', name = '', passes = ''] = process.argv.slice(2);
  process.stdout.write(`${JSON.stringify(await outcomeOf(folder, name, Number(passes)))}\n`);
}
