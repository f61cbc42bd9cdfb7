/** How a virtual user of the double, a worker thread, asks the main thread for something and waits: k6's calls are synchronous. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';

/** What a worker is given. */
export interface VuData {
  script: string;
  /** Set to 1 by the main thread when an answer lies in the port. */
  answered: SharedArrayBuffer;
  port: MessagePort;
}

/** What a worker asks for, besides saying that it is done. */
export type Question =
  | { ask: 'http'; method: string; url: string; body: string | null; params: HttpParams }
  | {
      ask: 'metric';
      metric: string;
      type: string;
      isTime: boolean;
      value: number;
      tags: Record<string, string>;
    }
  | { ask: 'log'; line: string };

export interface HttpParams {
  headers: Record<string, string>;
  tags: Record<string, string>;
  timeout: string;
  redirects: number;
  responseType: 'text' | 'none';
}

export interface HttpAnswer {
  status: number;
  error_code: number;
  headers: Record<string, string>;
  /** Null where it was not asked for, or none came. */
  body: string | null;
  timings: { duration: number };
}

/** The state that the module k6/execution shows. */
export const iteration = { inTest: 0 };

/** Statuses that the script expects; `null`: k6's own idea, 200 to 399. */
export const expected: { range: { min: number; max: number } | null } = { range: null };

const data = workerData as VuData;

export function askAndWait(question: Question): unknown {
  const flag = new Int32Array(data.answered);
  Atomics.store(flag, 0, 0);
  parentPort?.postMessage({ ...question, expected: expected.range });
  Atomics.wait(flag, 0, 0);
  return (receiveMessageOnPort(data.port) as { message: unknown } | undefined)?.message;
}

export function tell(question: Question): void {
  parentPort?.postMessage(question);
}
