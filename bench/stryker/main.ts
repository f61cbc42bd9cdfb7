/**
 * `npm run stryker -- [--limit <seconds>] [files…]`: Stryker over Mimo's resilience folder (or the files given), within
 * a time. When it is over the mutants that are left are not tried, and the exit code is 4.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { setTimeout as setTimeoutPromise } from 'node:timers/promises';
import { parseArgs } from 'node:util';

const STRYKER = 'node_modules/@stryker-mutator/core/bin/stryker.js';
/** Two hours; all of the folder takes some twenty minutes on two cores that have nothing else to do. */
const LIMIT_S_DEFAULT = 7_200;
const LIMIT_S_MAX = 86_400;
/** Time for what Stryker started to end. */
const GRACE_MS = 15_000;
const LOOK_MS = 100;
const EXIT = { usage: 2, outOfTime: 4 };

function usage(sentence: string): never {
  console.error(`stryker: ${sentence}`);
  process.exit(EXIT.usage);
}

function parse(): { limitS: number; files: string[] } {
  try {
    const { values, positionals } = parseArgs({
      options: { limit: { type: 'string', default: String(LIMIT_S_DEFAULT) } },
      allowPositionals: true,
    });
    const limitS = Number(values.limit);
    if (!Number.isInteger(limitS) || limitS < 1 || limitS > LIMIT_S_MAX)
      usage(`--limit must be a whole number of seconds from 1 to ${LIMIT_S_MAX}, got "${values.limit}"`);
    return { limitS, files: positionals };
  } catch (error) {
    return usage(`${error instanceof Error ? error.message : error}; it takes --limit <seconds> and files`);
  }
}

const { limitS, files } = parse();
// A group of its own, so that what Stryker started ends with it.
const child = spawn(
  process.execPath,
  [STRYKER, 'run', ...(files.length === 0 ? [] : ['--mutate', files.join(',')])],
  {
    stdio: ['ignore', 'inherit', 'inherit'],
    detached: true,
  },
);
function end(signal: NodeJS.Signals): void {
  try {
    process.kill(-(child.pid ?? 0), signal);
  } catch {
    // It has ended meanwhile.
  }
}
let isOutOfTime = false;
const timer = setTimeout(() => {
  isOutOfTime = true;
  console.error(`stryker: not done after ${limitS} s; the mutants that are left are not tried`);
  end('SIGINT');
}, limitS * 1_000);
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => end(signal));

/** Whether anything that Stryker started is still there. */
function isAlive(): boolean {
  try {
    return process.kill(-(child.pid ?? 0), 0);
  } catch {
    return false;
  }
}

const [code] = (await once(child, 'exit')) as [number | null];
clearTimeout(timer);
// Its test command may go on for a moment: it lifts its faults and takes its environments down.
const graceEndsAtMs = performance.now() + GRACE_MS;
while (isAlive() && performance.now() < graceEndsAtMs) await setTimeoutPromise(LOOK_MS);
if (isAlive()) end('SIGKILL');
// What it copied would be found by Jest, as a second project of the same name.
rmSync('.stryker-tmp', { recursive: true, force: true, maxRetries: 5, retryDelay: LOOK_MS });
process.exitCode = isOutOfTime ? EXIT.outOfTime : (code ?? 1);
