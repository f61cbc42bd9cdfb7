/**
 * What an attached run has made, on disk: written before it is made, so that `tripcurve heal` finds it
 * whatever became of the run and of its guardian. The file is gone when everything is lifted.
 */
import { appendFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { readdir, readFile, rm } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { Found, isSameMade, Made } from '../link/made.ts';

/** Relative to the folder of the config. */
const DIR = path.join('.tripcurve', 'attach');
const SUFFIX = '.ndjson';

const Begin = z.object({
  say: z.literal('begin'),
  run: z.string(),
  /** Process of the rig. */
  pid: z.int(),
  /** Answers 200 while the target is well. */
  readyUrl: z.string(),
  found: z.array(Found),
});
export type Begin = z.infer<typeof Begin>;

/** A line of the journal; the guardian is told the same. */
export const Entry = z.discriminatedUnion('say', [
  Begin,
  z.object({ say: z.literal('made'), made: Made }),
  z.object({ say: z.literal('lifted'), made: Made }),
]);
export type Entry = z.infer<typeof Entry>;

/** What the entries come to: how things were, and what was made and not lifted. */
export interface Ledger extends Omit<Begin, 'say'> {
  made: readonly Made[];
}

/** The ledger with one more entry; null before the first. */
export function entered(ledger: Ledger | null, entry: Entry): Ledger | null {
  switch (entry.say) {
    case 'begin': {
      const { say: _say, ...begin } = entry;
      return { ...begin, made: [] };
    }
    case 'made':
      return ledger === null ? null : { ...ledger, made: [...ledger.made, entry.made] };
    case 'lifted':
      if (ledger === null) return null;
      return { ...ledger, made: ledger.made.filter((made) => !isSameMade(made, entry.made)) };
  }
}

/** The file of a run. */
export function journalFile(cwd: string, run: string): string {
  return path.join(cwd, DIR, `${run}${SUFFIX}`);
}

/** Writes a line; it is with the kernel when this returns, and outlives the process. */
export function writeEntry(file: string, entry: Entry): void {
  const line = `${JSON.stringify(entry)}\n`;
  if (entry.say !== 'begin') {
    appendFileSync(file, line);
    return;
  }
  mkdirSync(path.dirname(file), { recursive: true });
  writeFileSync(file, line);
}

export function removeJournal(file: string): Promise<void> {
  return rm(file, { force: true });
}

/** The journals that are left in a folder. */
export async function readJournals(cwd: string): Promise<{ file: string; ledger: Ledger }[]> {
  const dir = path.join(cwd, DIR);
  const names = await readdir(dir).catch(() => []);
  const journals: { file: string; ledger: Ledger }[] = [];
  for (const name of names.filter((one) => one.endsWith(SUFFIX)).sort()) {
    const file = path.join(dir, name);
    let ledger: Ledger | null = null;
    for (const line of (await readFile(file, 'utf8')).split('\n')) {
      const entry = Entry.safeParse(jsonOrNull(line));
      if (entry.success) ledger = entered(ledger, entry.data); // a torn last line was not yet acted upon
    }
    if (ledger !== null) journals.push({ file, ledger });
  }
  return journals;
}

function jsonOrNull(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
