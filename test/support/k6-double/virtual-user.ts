/** A virtual user of the double as the main thread sees it: does what the thread asks for, and tells of it as k6 would. */
import http from 'node:http';
import path from 'node:path';
import { MessageChannel, type MessagePort, Worker } from 'node:worker_threads';
import type { K6Scenario } from '../../../harness/load/k6/executor.ts';
import type { HttpAnswer, Question } from './bridge.ts';
import { type Output, wallMs } from './output.ts';
import { send } from './request.ts';

export interface Options {
  scenarios: { traffic: K6Scenario };
  thresholds: Record<string, string[]>;
}

type FromVu =
  | { vu: 'ready'; options: Options }
  | { vu: 'set-up'; data: unknown }
  | { vu: 'done' }
  | (Question & { expected?: { min: number; max: number } | null });

export class VirtualUser {
  readonly options: Options;
  readonly #worker: Worker;
  #busy = false;
  #setUp: ((data: unknown) => void) | undefined;

  static open(script: string, output: Output): Promise<VirtualUser> {
    const { port1, port2 } = new MessageChannel();
    const answered = new SharedArrayBuffer(4);
    const worker = new Worker(path.join(import.meta.dirname, 'vu.ts'), {
      workerData: { script, answered, port: port2 },
      transferList: [port2],
    });
    worker.once('error', (error) => {
      console.error(`level=error msg=${JSON.stringify(error.message)}`);
      process.exit(107);
    });
    return new Promise((resolve) => {
      worker.once('message', ({ options }: { options: Options }) =>
        resolve(new VirtualUser(worker, options, output, port1, answered)),
      );
    });
  }

  private constructor(
    worker: Worker,
    options: Options,
    output: Output,
    port: MessagePort,
    answered: SharedArrayBuffer,
  ) {
    this.#worker = worker;
    this.options = options;
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    worker.on('message', (message: FromVu) => {
      if ('vu' in message) {
        if (message.vu === 'set-up') this.#setUp?.(message.data);
        else this.#busy = false;
        return;
      }
      if (message.ask === 'log') console.error(message.line);
      if (message.ask === 'metric') output.point(message.metric, message.type, message.value, message.tags);
      if (message.ask !== 'http') return;
      const { method, url, body, params, expected } = message;
      void send(agent, method, url, body, params).then(({ error, ...answer }) => {
        tellOf(output, answer, error, method, url, params.tags, expected ?? { min: 200, max: 399 });
        port.postMessage(answer);
        const flag = new Int32Array(answered);
        Atomics.store(flag, 0, 1);
        Atomics.notify(flag, 0);
      });
    });
  }

  get isIdle(): boolean {
    return !this.#busy;
  }

  setUp(): Promise<unknown> {
    return new Promise((resolve) => {
      this.#setUp = resolve;
      this.#worker.postMessage({ run: 'setup' });
    });
  }

  iterate(inTest: number, data: unknown): void {
    this.#busy = true;
    this.#worker.postMessage({ run: 'iteration', inTest, data });
  }
}

function tellOf(
  output: Output,
  { status, error_code, timings }: HttpAnswer,
  error: string,
  method: string,
  url: string,
  tags: Record<string, string>,
  expected: { min: number; max: number },
): void {
  const isExpected = status >= expected.min && status <= expected.max;
  const system = {
    method,
    status: String(status),
    scenario: 'traffic',
    expected_response: String(isExpected),
  };
  const failed =
    error_code === 0 ? {} : { error_code: String(error_code), ...(error === '' ? {} : { error }) };
  const all = { url: tags.name ?? url, ...system, ...failed, ...tags };
  const atMs = wallMs();
  output.point('http_reqs', 'counter', 1, all, atMs);
  output.point('http_req_duration', 'trend', timings.duration, all, atMs);
  output.point('http_req_failed', 'rate', isExpected ? 0 : 1, all, atMs);
}
