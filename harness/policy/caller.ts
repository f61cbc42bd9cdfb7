/** The calls of a bench: they are made on a thread of their own, which stamps them. */
import { Worker } from 'node:worker_threads';
import { EnvironmentError, messageOf } from '../model/errors.ts';
import type { Ms } from '../model/time.ts';

/** What the thread is told. */
export type ToCaller =
  | {
      do: 'ask';
      id: number;
      method: string;
      path: string;
      headers: Record<string, string>;
      body: string | null;
      giveUpMs: Ms;
    }
  | { do: 'abandon'; id: number };

/** What the thread tells of a call that is over. Times are of `process.hrtime.bigint()`. */
export interface Told {
  id: number;
  startNs: bigint;
  endNs: bigint;
  /** Null: none came, or not all of it. */
  answer: { status: number; headers: Record<string, string | string[] | undefined>; text?: string } | null;
}

export type CallRequest = Omit<Extract<ToCaller, { do: 'ask' }>, 'do' | 'id'>;

export class Caller implements AsyncDisposable {
  readonly #worker: Worker;
  readonly #underWay = new Map<number, { over(told: Told): void; fail(error: Error): void }>();
  #count = 0;
  #isOver = false;

  /** @param keepsText true: the bodies of answers are told too */
  constructor(entryUrl: string, keepsText: boolean) {
    this.#worker = new Worker(new URL('./caller-worker.ts', import.meta.url), {
      workerData: { entryUrl, keepsText },
    });
    this.#worker.on('message', (told: Told) => {
      this.#underWay.get(told.id)?.over(told);
      this.#underWay.delete(told.id);
    });
    this.#worker.on('error', (error) => this.#end(messageOf(error)));
    this.#worker.on('exit', () => this.#end('it has ended'));
  }

  /** @throws EnvironmentError where the thread is gone before it has told */
  ask(request: CallRequest): { told: Promise<Told>; abandon(): void } {
    if (this.#isOver) throw new EnvironmentError('the thread that calls the entry has ended');
    const id = ++this.#count;
    const told = new Promise<Told>((over, fail) => this.#underWay.set(id, { over, fail }));
    this.#send({ do: 'ask', id, ...request });
    return { told, abandon: () => this.#send({ do: 'abandon', id }) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.terminate();
  }

  #send(message: ToCaller): void {
    if (!this.#isOver) this.#worker.postMessage(message);
  }

  #end(why: string): void {
    this.#isOver = true;
    for (const { fail } of this.#underWay.values())
      fail(new EnvironmentError(`the thread that calls the entry is gone: ${why}`));
    this.#underWay.clear();
  }
}
