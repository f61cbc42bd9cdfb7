import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { readHistory, writeHistory } from '../../../harness/history/file.ts';
import { Recorder } from '../../../harness/history/recorder.ts';
import { Story } from '../../support/story.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
});
afterAll(() => rm(dir, { recursive: true }));

const told = new Story().fault(1_000, 3_000).traffic(0, 2_000, 'good').tell();

async function file(text: string): Promise<string> {
  const name = path.join(dir, `${Math.random()}.ndjson`);
  await writeFile(name, text);
  return name;
}

describe('a history file', () => {
  test('is read back as it was written', async () => {
    const name = path.join(dir, 'whole.ndjson');
    await writeHistory(name, told);
    expect(await readHistory(name)).toEqual(told);
  });

  const header = JSON.stringify(told.header);
  test.each([
    ['nothing', '', /is empty/],
    ['no JSON', 'x', /:1: not a line of JSON/],
    ['a newer version', JSON.stringify({ ...told.header, version: 99 }), /:1: history version 99 is newer/],
    ['no header', '{"kind":"note"}', /:1: (tripcurve|version)/],
    ['a cut-off line', `${header}\n{"kind":"not`, /:2: not a line of JSON; was the file cut off/],
    ['an unknown kind', `${header}\n{"kind":"nonsense","id":1,"t":1}`, /:2: /],
    ['a wrong field', `${header}\n{"kind":"note","id":1,"t":"late","text":"x"}`, /:2: t must be/],
  ])('that holds %s is refused with file, line and reason', async (_what, text, reason) => {
    await expect(readHistory(await file(text))).rejects.toThrow(reason);
  });

  test('that is not there is refused with its name', async () => {
    await expect(readHistory(path.join(dir, 'none.ndjson'))).rejects.toThrow(
      /none\.ndjson: cannot be read: ENOENT/,
    );
  });

  test('never exists half written', async () => {
    const name = path.join(dir, 'atomic.ndjson');
    await writeHistory(name, told);
    await expect(readFile(`${name}.partial`)).rejects.toThrow('ENOENT');
  });
});

describe('the recorder', () => {
  test('puts events of several witnesses in one order of time, and numbers them', () => {
    const recorder = new Recorder();
    recorder.record({ kind: 'note', t: 30, text: 'c' });
    recorder.record({ kind: 'note', t: 10, text: 'a' });
    recorder.record({ kind: 'note', t: 30, text: 'd' });
    recorder.record({ kind: 'note', t: 20, text: 'b' });
    const { events } = recorder.history(told.header);
    expect(events.map((event) => `${event.id} ${event.kind === 'note' ? event.text : ''}`)).toEqual([
      '0 a',
      '1 b',
      '2 c',
      '3 d',
    ]);
  });
});
