/**
 * The guardian of an attached run: a small process of its own, started before the first fault. It is told
 * what the run makes on APIs that know no lease; when the pipe from the rig closes, or nothing comes through
 * it, it lifts all of that, looks until nothing more turns up, and exits.
 */
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { isSameMade, type Made, madeText } from '../link/made.ts';
import { newRemovals, remains, shownAt, undo } from '../link/undo.ts';
import { messageOf } from '../model/errors.ts';
import { type FromGuardian, SILENT_MS, ToGuardian } from './guard-messages.ts';
import { entered, journalFile, type Ledger, removeJournal, writeEntry } from './journal.ts';

const TICK_MS = 100;

/** The first try must leave time for a way around an API that hangs, within the two seconds promised. */
const FIRST_LIMIT_MS = 400;
const LIMIT_MS_MAX = 5_000;
const RETRY_MS = 100;
/** A call that the rig had on its way when it died may be carried out a moment later: look again for so long. */
const SETTLE_MS = 500;
/** Then `tripcurve heal` is for a person to call. */
const GIVE_UP_MS = 120_000;

const [run = '', cwd = process.cwd()] = process.argv.slice(2);

let ledger: Ledger | null = null;
let isAlarmed = false;
let heardMs = performance.now();
let lateTicks = 0;
/** Wall clock less monotonic clock: it leaps while the machine sleeps. */
let leadMs = Date.now() - performance.now();

function tell(message: FromGuardian): void {
  process.stdout.write(`${JSON.stringify(message)}\n`);
}

function hear(line: string): void {
  heardMs = performance.now();
  if (isAlarmed) return; // what is not answered is not made
  const message = read(line);
  if (message === null) return;
  switch (message.say) {
    case 'here':
      return;
    case 'bye':
      process.exit(0);
      return;
    case 'enter':
      ledger = entered(ledger, message.entry);
      tell({ say: 'entered', id: message.id });
  }
}

/** Null of a line that was cut short by the death of who wrote it. */
function read(line: string): ToGuardian | null {
  try {
    return ToGuardian.parse(JSON.parse(line));
  } catch {
    return null;
  }
}

function tick(): void {
  // Twice in a row: on a busy machine this timer may be due before a line that has come is read.
  lateTicks = performance.now() - heardMs > SILENT_MS ? lateTicks + 1 : 0;
  const leadNowMs = Date.now() - performance.now();
  const hasSlept = leadNowMs - leadMs > SILENT_MS;
  leadMs = leadNowMs;
  if (hasSlept) void alarm('this machine has slept');
  else if (lateTicks > 1) void alarm(`the rig was silent for ${SILENT_MS} ms`);
}

async function alarm(why: string): Promise<void> {
  if (isAlarmed) return;
  isAlarmed = true;
  tell({ say: 'lifting', why });
  console.error(`${new Date().toISOString()} ${why}: lifting what the run has made`);
  process.exit(ledger === null || (await liftAll(ledger)) ? 0 : 1);
}

/** @returns false: it was given up; the journal is left for `tripcurve heal` */
async function liftAll({ made, found, run: id }: Ledger): Promise<boolean> {
  const file = journalFile(cwd, id);
  const apis = [...new Map(found.map((one) => [one.url, one])).values()];
  const startMs = performance.now();
  let limitMs = FIRST_LIMIT_MS;
  let due: readonly Made[] = made;
  let cleanFromMs: number | null = null;
  /** Proxies that were to be made anew: whatever the API does late, they must be there in the end. */
  const removals: Made[] = [];
  while (performance.now() - startMs < GIVE_UP_MS) {
    const left = await undo(due, found, limitMs);
    for (const one of newRemovals(left, removals)) {
      removals.push(one);
      writeEntry(file, { say: 'made', made: one });
    }
    for (const one of due) console.error(`${new Date().toISOString()} ${madeText(one)}: ${lotOf(one, left)}`);
    const seen = await Promise.all(
      apis.map(async (api) => remains(api, await shownAt(api.url, limitMs), id, [...made, ...removals])),
    ).catch((error: unknown) => messageOf(error));
    if (left.length === 0 && Array.isArray(seen) && seen.flat().length === 0) {
      cleanFromMs ??= performance.now();
      if (performance.now() - cleanFromMs >= SETTLE_MS) {
        await removeJournal(file);
        return true;
      }
      due = made.filter(({ what }) => what === 'shadow'); // no list shows them
    } else {
      if (cleanFromMs === null) limitMs = Math.min(limitMs * 2, LIMIT_MS_MAX);
      cleanFromMs = null;
      if (typeof seen === 'string') console.error(`${new Date().toISOString()} ${seen}`);
      const stays = left.map((one) => one.made);
      const more = Array.isArray(seen) ? seen.flat() : made;
      due = [...stays, ...more.filter((one) => !stays.some((other) => isSameMade(one, other)))];
    }
    await delay(RETRY_MS);
  }
  return false;
}

function lotOf(made: Made, left: readonly { made: Made; why: string }[]): string {
  return left.find((one) => isSameMade(one.made, made))?.why ?? 'lifted';
}

// A terminal that closes, or Ctrl-C in it, is for the rig; this process goes when its work is done.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
process.stdout.on('error', () => {}); // a rig that is gone reads nothing
createInterface({ input: process.stdin })
  .on('line', hear)
  .on('close', () => void alarm(`the rig of run ${run} is gone`));
setInterval(tick, TICK_MS);
