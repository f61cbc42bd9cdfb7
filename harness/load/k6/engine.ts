/**
 * k6 as a load engine: the plan is compiled to a script, k6 sends it, and what it wrote down is read back
 * into the same history. k6 judges nothing here; a threshold it saw crossed is a note.
 */
import { mkdir, open, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { within } from '../../model/deadline.ts';
import { EnvironmentError, messageOf } from '../../model/errors.ts';
import type { Nanoseconds } from '../../model/time.ts';
import type { LoadEngine, StartedLoad, StartOptions } from '../load-engine.ts';
import { findK6 } from './binary.ts';
import { K6Process } from './process.ts';
import { NO_RESULTS, type Results, readResults, requestEvents } from './reader.ts';
import { compileScript, ORIGIN_MARK, PLAN_FILE } from './script.ts';
import { WallClock } from './wall-clock.ts';

/** k6 makes all its virtual users before it begins; thousands take their time. */
const BEGIN_LIMIT_MS = 60_000;

/** For writing the results and the summary once everything was sent. */
const END_GRACE_MS = 15_000;

/** A wall clock that was set during the run spoils every time k6 told; less than this is measurement. */
const DRIFT_MS_MAX = 5;

/** Exit codes that are no failure of k6. */
const DONE = 0;
const THRESHOLDS_CROSSED = 99;

/** What k6's other exit codes stand for. */
const EXIT_MEANING: Readonly<Record<number, string>> = {
  100: 'setup() took too long',
  104: 'it takes the options for invalid',
  105: 'somebody else has stopped it',
  106: 'its REST API found no port',
  107: 'the script threw an error',
  108: 'the script aborted the test',
  109: 'k6 itself crashed',
};

export const k6Load: LoadEngine = {
  async check() {
    const { file, version } = await findK6();
    return `k6 ${version} (${file})`;
  },

  async start(options) {
    const { now, signal, plan } = options;
    if (plan.length === 0 || signal.aborted) return { startT: now(), driven: Promise.resolve() };
    const { file } = await findK6();
    const dir = path.join(options.dir, 'k6');
    const { script, plan: planText, endsAfterMs } = compileScript(options);
    const scriptFile = path.join(dir, 'script.js');
    await mkdir(dir, { recursive: true });
    await writeFile(scriptFile, script);
    const planFile = path.join(dir, PLAN_FILE);
    await writeFile(planFile, planText, { mode: 0o600 });

    const wallClock = WallClock.measure(now);
    const resultsFile = path.join(dir, 'results.ndjson');
    const k6 = new K6Process({
      file,
      args: argsFor(scriptFile, resultsFile),
      cwd: dir,
      logFile: path.join(dir, 'k6.log'),
    });
    const stop = (): void => void k6.stop();
    signal.addEventListener('abort', stop, { once: true });
    if (signal.aborted) stop(); // meanwhile
    const tidyUp = async (): Promise<void> => {
      signal.removeEventListener('abort', stop);
      // It holds the config's headers and bodies in the clear, and the run's folder is what CI keeps.
      await rm(planFile, { force: true });
    };
    try {
      const originMs = Number.parseInt(
        await within(BEGIN_LIMIT_MS, 'k6 to begin', k6.prints(ORIGIN_MARK)),
        10,
      );
      const startT = wallClock.fromMs(originMs);
      const driven = finish(k6, { ...options, startT, endsAfterMs, wallClock, resultsFile });
      return { startT, driven: driven.finally(tidyUp) };
    } catch (error) {
      await k6.stop();
      await tidyUp();
      if (signal.aborted) return { startT: now(), driven: Promise.resolve() };
      throw error;
    }
  },
};

function argsFor(scriptFile: string, resultsFile: string): string[] {
  const quiet = ['--quiet', '--no-color', '--no-usage-report'];
  // Older ones serve an API, and two at a time would want the same port.
  return ['run', ...quiet, '--address', 'localhost:0', '--out', `json=${resultsFile}`, scriptFile];
}

interface Finish extends StartOptions {
  startT: StartedLoad['startT'];
  endsAfterMs: number;
  wallClock: WallClock;
  resultsFile: string;
}

/** Waits for k6 to end, and tells what it wrote down. */
async function finish(k6: K6Process, options: Finish): Promise<void> {
  const { signal, now, emit, plan, wallClock, resultsFile } = options;
  const note = (text: string, t: Nanoseconds = now()): void => emit({ kind: 'note', t, text });
  const code = await endOf(k6, options.endsAfterMs + END_GRACE_MS);
  if (!signal.aborted && code !== DONE && code !== THRESHOLDS_CROSSED) {
    const meaning = (code !== null && EXIT_MEANING[code]) || 'see its last words';
    throw new EnvironmentError(`k6 failed (exit code ${code}: ${meaning}): ${k6.lastWords()}`);
  }
  const results = await resultsIn(resultsFile, wallClock, signal.aborted);
  const events = requestEvents(results, options);
  for (const event of events) {
    // Of what an aborted k6 has not told of nobody knows whether it was sent.
    if (event.outcome !== 'dropped' || !signal.aborted) emit(event);
  }
  if (code === THRESHOLDS_CROSSED) note('k6: a threshold was crossed (exit code 99); k6.log says which');
  if (results.droppedIterations > 0)
    note(
      `k6 dropped ${results.droppedIterations} iterations for want of free virtual users; later requests left late`,
    );
  const answered = events.filter(({ outcome }) => outcome !== 'dropped').length;
  if (results.requests !== answered)
    note(`k6 counts ${results.requests} requests, of the plan of ${plan.length} it tells of ${answered}`);
  const driftMs = WallClock.measure(now).driftMs(wallClock);
  if (Math.abs(driftMs) > DRIFT_MS_MAX)
    note(
      `the wall clock was set by ${driftMs.toFixed(1)} ms during the run: times that k6 told are off by up to that`,
    );
}

async function resultsIn(file: string, wallClock: WallClock, isCut: boolean): Promise<Results> {
  const opened = await open(file).catch((error: unknown) => {
    if (isCut) return null; // stopped before it had written anything
    throw new EnvironmentError(`k6 left no results: ${messageOf(error)}`);
  });
  if (opened === null) return NO_RESULTS;
  await using handle = opened;
  return await readResults(handle.readLines(), { file, wallClock, isCut });
}

async function endOf(k6: K6Process, limitMs: number): Promise<number | null> {
  try {
    return await within(limitMs, 'k6 to end; all its requests were over', k6.exited);
  } catch (error) {
    await k6.stop();
    throw error;
  }
}
