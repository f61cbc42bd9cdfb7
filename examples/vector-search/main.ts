/**
 * `node main.ts`: compares ways to find the nearest of 768-d vectors: recall, latency, build time, memory. See
 * docs/vector-search.md. Data come from a seed; every candidate runs in a process of its own, one after the other.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, cpus, release, tmpdir } from 'node:os';
import path from 'node:path';
import { parseArgs } from 'node:util';
import { CANDIDATES } from './candidates/registry.ts';
import type { Outcome } from './measure.ts';
import { type Result, tableOf } from './table.ts';
import { findTruth } from './truth.ts';
import { type Distribution, makeVectors } from './vectors.ts';

const QUERIES = 300;
const EXIT_USAGE = 2;
const EXIT_STOPPED = 4;
/** Room for a run whose machine does other things too. */
const RUN_LIMIT_MS = 600_000;

interface Options {
  readonly sizes: readonly number[];
  readonly names: readonly string[];
  readonly distribution: Distribution;
  readonly seed: number;
  readonly runs: number;
  readonly passes: number;
  /** Folder of the results. */
  readonly out: string;
}

class UsageError extends Error {}
class Stopped extends Error {}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) {
    throw new UsageError(`${option} must be a whole number of at least 1, got ${text}`);
  }
  return value;
}

function readOptions(args: readonly string[]): Options {
  let values: Record<string, string | undefined>;
  const text = (value: string) => ({ type: 'string', default: value }) as const;
  try {
    ({ values } = parseArgs({
      args: [...args],
      options: {
        sizes: text('10000,100000'),
        only: text(Object.keys(CANDIDATES).join(',')),
        data: text('clustered'),
        seed: text('20261125'),
        runs: text('3'),
        passes: text('3'),
        out: text(path.join(import.meta.dirname, 'reports')),
      },
    }));
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
  const { sizes = '', only = '', data = '', seed = '', runs = '', passes = '', out = '' } = values;
  const names = only.split(',');
  for (const name of names) {
    if (CANDIDATES[name] !== undefined) continue;
    throw new UsageError(
      `--only ${name}: no such candidate; there are ${Object.keys(CANDIDATES).join(', ')}`,
    );
  }
  if (data !== 'clustered' && data !== 'uniform') {
    throw new UsageError(`--data must be clustered or uniform, got ${data}`);
  }
  return {
    sizes: sizes.split(',').map((size) => wholeNumber('--sizes', size)),
    names,
    distribution: data,
    seed: wholeNumber('--seed', seed),
    runs: wholeNumber('--runs', runs),
    passes: wholeNumber('--passes', passes),
    out,
  };
}

async function writeData(folder: string, count: number, { seed, distribution }: Options): Promise<void> {
  const vectors = makeVectors({ count, queries: QUERIES, seed, distribution });
  const { nearest, cosines } = findTruth(vectors);
  await writeFile(path.join(folder, 'base'), vectors.base);
  await writeFile(path.join(folder, 'queries'), vectors.queries);
  await writeFile(path.join(folder, 'truth'), nearest);
  const { nearest: first, tenth, anyOther } = cosines;
  say(
    `${count} vectors, ${distribution}, seed ${seed}; median cosine of a query to the nearest ${first.toFixed(2)}, ` +
      `to the tenth ${tenth.toFixed(2)}, to all ${anyOther.toFixed(2)}`,
  );
}

/** Somebody ends it: what runs is ended, and the data are removed on the way out. */
const stopping = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => stopping.abort(new Stopped()));

/** In a group of its own, so that a server it started ends with it. */
async function runOne(folder: string, name: string, passes: number): Promise<Result['runs'][number]> {
  const script = path.join(import.meta.dirname, 'measure.ts');
  const child = spawn(process.execPath, ['--expose-gc', script, folder, name, String(passes)], {
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
    // What it leaves behind goes with the data.
    env: { ...process.env, TMPDIR: folder },
  });
  const killGroup = (): void => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
  };
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    killGroup();
  }, RUN_LIMIT_MS);
  stopping.signal.addEventListener('abort', killGroup);
  let out = '';
  let complaint = '';
  child.stdout.on('data', (chunk) => {
    out += String(chunk);
  });
  child.stderr.on('data', (chunk) => {
    complaint += String(chunk);
  });
  await once(child, 'close');
  clearTimeout(timer);
  stopping.signal.removeEventListener('abort', killGroup);
  stopping.signal.throwIfAborted();
  if (isLate) return { failed: `not done within ${RUN_LIMIT_MS / 1000} s` };
  try {
    return JSON.parse(out) as Outcome;
  } catch {
    const error = /^\w*Error: .*$/m.exec(complaint)?.[0];
    return { failed: error ?? `ended with ${child.exitCode ?? child.signalCode}` };
  }
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

/** Round by round, so that what the machine does meanwhile strikes all alike. */
async function takeTurns(folder: string, { names, runs, passes }: Options) {
  const outcomes = new Map<string, Result['runs'][number][]>(names.map((name) => [name, []]));
  for (let round = 0; round < runs; round += 1) {
    for (const [name, earlier] of outcomes) {
      // What cannot be measured here once cannot be measured here at all.
      if (earlier.some((run) => !('measured' in run))) continue;
      const run = await runOne(folder, name, passes);
      earlier.push(run);
      say(`  ${name} ${JSON.stringify(run)}`);
    }
  }
  return outcomes;
}

async function compare(options: Options): Promise<Result[]> {
  const results: Result[] = [];
  for (const vectors of options.sizes) {
    const folder = await mkdtemp(path.join(tmpdir(), 'vector-search-'));
    try {
      // PostgreSQL runs as somebody else, and has its own folder in this one.
      await chmod(folder, 0o711);
      await writeData(folder, vectors, options);
      stopping.signal.throwIfAborted();
      const outcomes = await takeTurns(folder, options);
      for (const [name, runs] of outcomes) {
        results.push({ label: CANDIDATES[name]?.label ?? name, vectors, runs });
      }
      say(`\n${tableOf(results.filter((result) => result.vectors === vectors))}\n`);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }
  return results;
}

try {
  const options = readOptions(process.argv.slice(2));
  const machine = `${availableParallelism()} × ${cpus()[0]?.model ?? 'unknown'}, Linux ${release()}`;
  const startedAt = new Date().toISOString();
  say(`${machine}, Node ${process.versions.node}, seed ${options.seed}`);
  const results = await compare(options);
  await mkdir(options.out, { recursive: true });
  const file = path.join(options.out, `${startedAt.replaceAll(':', '')}.json`);
  await writeFile(file, `${JSON.stringify({ startedAt, machine, options, results }, null, 2)}\n`);
  say(`written to ${path.relative(process.cwd(), file)}`);
} catch (error) {
  if (error instanceof Stopped) process.exitCode = EXIT_STOPPED;
  else if (error instanceof UsageError) {
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT_USAGE;
  } else throw error;
}
