/**
 * Writes that the database could not take yet: a bounded queue whose every entry is on disk before it
 * is acknowledged, and loaded again after a crash. In order, one entry per idempotency key.
 */
import { type FileHandle, mkdir, open } from 'node:fs/promises';
import { join } from 'node:path';
import type { Engram } from './engram.ts';
import { doneLine, parseQueue, putLine } from './write-queue-lines.ts';

/** No room for a further write, or no disk to put it on: the caller must come back later. */
export class QueueRefusal extends Error {
  override readonly name = 'QueueRefusal';
}

export interface WriteQueue {
  /** Entries waiting, those on their way to the disk included. */
  readonly depth: number;
  readonly capacity: number;
  /** Resolves once the entry would survive a crash. A key that waits already is not queued twice. @throws QueueRefusal */
  append(engram: Engram): Promise<void>;
  /** The entry to be stored next. */
  head(): Engram | undefined;
  /** Takes an entry out, because it has been stored or never can be. */
  remove(idempotencyKey: string): void;
  /** In order of arrival. */
  entries(): Iterable<Engram>;
  /** Waits for the disk and closes the file. */
  close(): Promise<void>;
}

export interface WriteQueueOptions {
  readonly directory: string;
  readonly capacity: number;
  /** Told of lines that could not be read at the start. */
  readonly onUnreadable: (lines: number) => void;
}

interface Waiting {
  readonly engram: Engram;
  readonly settled: PromiseWithResolvers<void>;
}

/** Loads what an earlier process left. @throws when the folder cannot be used at all. */
export async function openWriteQueue(options: WriteQueueOptions): Promise<WriteQueue> {
  await mkdir(options.directory, { recursive: true });
  // 'a+' creates the file; all our writes go to the end.
  const file = await open(join(options.directory, 'write-queue.ndjson'), 'a+');
  const content = await file.readFile();
  const { entries, unreadable, wholeBytes } = parseQueue(content);
  // What follows the last line break was cut off by a crash and never acknowledged.
  if (wholeBytes < content.length) await file.truncate(wholeBytes);
  if (unreadable > 0) options.onUnreadable(unreadable);
  return new DiskQueue(file, options.capacity, entries, wholeBytes);
}

class DiskQueue implements WriteQueue {
  readonly capacity: number;
  readonly #file: FileHandle;
  /** On disk and not yet stored, by key; a Map keeps the order of arrival. */
  readonly #entries: Map<string, Engram>;
  /** Not yet on disk, by key. */
  readonly #waiting = new Map<string, Waiting>();
  /** Keys taken out whose lines are not yet written. */
  #removed: string[] = [];
  #bytes: number;
  #flushing: Promise<void> | null = null;

  constructor(file: FileHandle, capacity: number, entries: Map<string, Engram>, bytes: number) {
    this.#file = file;
    this.capacity = capacity;
    this.#entries = entries;
    this.#bytes = bytes;
  }

  get depth(): number {
    return this.#entries.size + this.#waiting.size;
  }

  append(engram: Engram): Promise<void> {
    const key = engram.idempotencyKey;
    if (this.#entries.has(key)) return Promise.resolve();
    const same = this.#waiting.get(key);
    if (same !== undefined) return same.settled.promise;
    if (this.depth >= this.capacity) {
      return Promise.reject(new QueueRefusal(`write queue: all ${this.capacity} places are taken`));
    }
    const waiting: Waiting = { engram, settled: Promise.withResolvers<void>() };
    this.#waiting.set(key, waiting);
    this.#startFlush();
    return waiting.settled.promise;
  }

  head(): Engram | undefined {
    return this.#entries.values().next().value;
  }

  remove(idempotencyKey: string): void {
    if (!this.#entries.delete(idempotencyKey)) return;
    this.#removed.push(idempotencyKey);
    this.#startFlush();
  }

  *entries(): Iterable<Engram> {
    yield* this.#entries.values();
    for (const { engram } of this.#waiting.values()) yield engram;
  }

  async close(): Promise<void> {
    while (this.#flushing !== null) await this.#flushing;
    await this.#file.close();
  }

  #startFlush(): void {
    this.#flushing ??= this.#flush();
  }

  /** One flush at a time; whatever arrives during one shares the next, and its one sync. */
  async #flush(): Promise<void> {
    while (this.#waiting.size > 0 || this.#removed.length > 0) {
      const removed = this.#removed;
      this.#removed = [];
      if (this.#entries.size === 0 && this.#waiting.size === 0) {
        await this.#clear();
        continue;
      }
      const batch = [...this.#waiting.values()];
      const lines = [...removed.map(doneLine), ...batch.map(({ engram }) => putLine(engram))];
      try {
        await this.#write(lines.join(''), batch.length > 0);
      } catch (error) {
        this.#refuse(batch, error);
        continue;
      }
      for (const { engram, settled } of batch) {
        this.#waiting.delete(engram.idempotencyKey);
        this.#entries.set(engram.idempotencyKey, engram);
        settled.resolve();
      }
    }
    // In the same tick as the loop's last look, so that nothing arriving later is left lying.
    this.#flushing = null;
  }

  async #write(text: string, mustSurvive: boolean): Promise<void> {
    const bytes = Buffer.from(text, 'utf8');
    try {
      await this.#file.appendFile(bytes);
      // A removal may be lost in a crash: the entry is stored again under its key, to no effect.
      if (mustSurvive) await this.#file.datasync();
    } catch (error) {
      // Half a line would swallow the next one.
      await this.#file.truncate(this.#bytes).catch(() => {});
      throw error;
    }
    this.#bytes += bytes.length;
  }

  /** Nothing left: start the file anew, so that it cannot grow for ever. */
  async #clear(): Promise<void> {
    await this.#file.truncate(0).catch(() => {});
    this.#bytes = 0;
  }

  #refuse(batch: readonly Waiting[], cause: unknown): void {
    for (const { engram, settled } of batch) {
      this.#waiting.delete(engram.idempotencyKey);
      const detail = cause instanceof Error ? cause.message : String(cause);
      settled.reject(new QueueRefusal(`write queue: the disk took no write (${detail})`, { cause }));
    }
  }
}
