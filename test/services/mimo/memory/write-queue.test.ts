/** The queue on disk: durable before it acknowledges, ordered, bounded, one entry per key. */

import { appendFile, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { openWriteQueue, type WriteQueue } from '../../../../services/mimo/memory/write-queue.ts';
import { engram, temporaryFolder } from '../stage.ts';

const open = (
  directory: string,
  capacity = 100,
  onUnreadable = (_: number): void => {},
): Promise<WriteQueue> => openWriteQueue({ directory, capacity, onUnreadable });

const fileIn = (folder: string): string => path.join(folder, 'write-queue.ndjson');
const contents = (queue: WriteQueue): string[] => [...queue.entries()].map((entry) => entry.content);

describe('the write queue', () => {
  test('has every acknowledged write again after a crash, in order and with its vector', async () => {
    await using folder = await temporaryFolder();
    const crashed = await open(folder.path);
    await Promise.all(['a', 'b', 'c'].map((text) => crashed.append(engram(text))));
    // No close: the process is gone.
    const reloaded = await open(folder.path);
    expect(contents(reloaded)).toEqual(['a', 'b', 'c']);
    expect(reloaded.head()).toEqual(engram('a'));
    await reloaded.close();
    await crashed.close();
  });

  test('forgets what was taken out, and empties its file when nothing is left', async () => {
    await using folder = await temporaryFolder();
    const queue = await open(folder.path);
    await queue.append(engram('a'));
    await queue.append(engram('b'));
    queue.remove('a');
    queue.remove('never queued');
    await queue.close();
    const again = await open(folder.path);
    expect(contents(again)).toEqual(['b']);
    again.remove('b');
    await again.close();
    expect(await readFile(fileIn(folder.path), 'utf8')).toBe('');
  });

  test('drops the line that a crash cut off, and goes on behind it', async () => {
    await using folder = await temporaryFolder();
    const first = await open(folder.path);
    await first.append(engram('whole'));
    await first.close();
    await appendFile(fileIn(folder.path), '{"put":{"idempotencyKey":"cu');
    const second = await open(folder.path);
    await second.append(engram('later'));
    await second.close();
    const third = await open(folder.path);
    expect(contents(third)).toEqual(['whole', 'later']);
    await third.close();
  });

  test('skips a line it cannot read and says so', async () => {
    await using folder = await temporaryFolder();
    await appendFile(fileIn(folder.path), 'not JSON\n{"put":{"idempotencyKey":1}}\n');
    let unreadable = 0;
    const queue = await open(folder.path, 100, (lines) => {
      unreadable = lines;
    });
    expect([unreadable, queue.depth]).toEqual([2, 0]);
    await queue.close();
  });

  test('holds one entry per key, also while the first is on its way to the disk', async () => {
    await using folder = await temporaryFolder();
    const queue = await open(folder.path);
    await Promise.all([queue.append(engram('same')), queue.append(engram('same'))]);
    await queue.append(engram('same'));
    expect(queue.depth).toBe(1);
    await queue.close();
  });

  test('refuses the write beyond its capacity, counting those on their way', async () => {
    await using folder = await temporaryFolder();
    const queue = await open(folder.path, 2);
    const accepted = [queue.append(engram('a')), queue.append(engram('b'))];
    await expect(queue.append(engram('c'))).rejects.toThrow('write queue: all 2 places are taken');
    await Promise.all(accepted);
    await queue.close();
  });

  test('refuses a write the disk did not take, rather than acknowledge it', async () => {
    await using folder = await temporaryFolder();
    const queue = await open(folder.path, 2);
    await queue.close();
    await expect(queue.append(engram('a'))).rejects.toThrow('the disk took no write');
    expect(queue.depth).toBe(0);
  });
});
