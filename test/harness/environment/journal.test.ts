import { appendFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import {
  journalFile,
  readJournals,
  removeJournal,
  writeEntry,
} from '../../../harness/environment/journal.ts';
import type { Made } from '../../../harness/link/made.ts';
import { Cleanup } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const made = (name: string): Made => ({
  url: 'http://127.0.0.1:1',
  dialect: 'toxiproxy',
  proxy: 'p',
  what: 'toxic',
  name,
});

test('a journal tells what was made and not lifted; a line that was cut short by a kill is left out', async () => {
  const cwd = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
  cleanup.add(() => rm(cwd, { recursive: true }));
  expect(await readJournals(cwd)).toEqual([]);
  const file = journalFile(cwd, 'r1');
  const begin = { run: 'r1', pid: 1, readyUrl: 'http://127.0.0.1:1/ready', found: [] };
  writeEntry(file, { say: 'begin', ...begin });
  writeEntry(file, { say: 'made', made: made('a') });
  writeEntry(file, { say: 'made', made: made('b') });
  writeEntry(file, { say: 'lifted', made: made('a') });
  appendFileSync(file, '{"say":"made","made":{"url"');
  expect(await readJournals(cwd)).toEqual([{ file, ledger: { ...begin, made: [made('b')] } }]);
  await removeJournal(file);
  expect(await readJournals(cwd)).toEqual([]);
});
