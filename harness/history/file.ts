/**
 * The history file: NDJSON, a header line and then one event a line, in order of time. Reading
 * validates every line and says which one is wrong.
 */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { messageOf, UsageError } from '../model/errors.ts';
import { HISTORY_VERSION, type History, HistoryEvent, HistoryHeader } from '../model/history.ts';
import { validate } from '../model/validate.ts';

/** Writes a history whole or not at all. */
export async function writeHistory(file: string, history: History): Promise<void> {
  const lines = [history.header, ...history.events].map((line) => JSON.stringify(line));
  const partial = `${file}.partial`;
  await writeFile(partial, `${lines.join('\n')}\n`);
  await rename(partial, file);
}

/** @throws UsageError with file and line where it is not a history this version can read. */
export async function readHistory(file: string): Promise<History> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: cannot be read: ${messageOf(error)}`);
  }
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  const [first, ...rest] = lines;
  if (first === undefined) throw new UsageError(`${file}: is empty; a history begins with a header line`);
  const given = parse(first, `${file}:1`);
  const version = (given as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version > HISTORY_VERSION) {
    throw new UsageError(
      `${file}:1: history version ${version} is newer than this tripcurve reads (${HISTORY_VERSION}); update it`,
    );
  }
  const header = validate(HistoryHeader, given, `${file}:1`);
  const events = rest.map((line, index) => {
    const where = `${file}:${index + 2}`;
    return validate(HistoryEvent, parse(line, where), where);
  });
  return { header, events };
}

function parse(line: string, where: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    throw new UsageError(`${where}: not a line of JSON; was the file cut off?`);
  }
}
