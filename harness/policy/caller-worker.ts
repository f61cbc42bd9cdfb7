/**
 * Calls the entry on a thread of its own, so that a rig that is thinking hard takes no answer for late: both
 * ends of a call are stamped here, on the clock that all threads share.
 */
import { parentPort, workerData } from 'node:worker_threads';
import { type Dispatcher, Pool } from 'undici';
import type { ToCaller, Told } from './caller.ts';

const CONNECTIONS = 256;

if (parentPort === null) throw new Error('this file is a worker');
const port = parentPort;
const { entryUrl, keepsText } = workerData as { entryUrl: string; keepsText: boolean };
const pool = new Pool(entryUrl, {
  connections: CONNECTIONS,
  pipelining: 1,
  headersTimeout: 0,
  bodyTimeout: 0,
});
const underWay = new Map<number, AbortController>();

port.on('message', (message: ToCaller) => {
  if (message.do === 'abandon') underWay.get(message.id)?.abort();
  else void ask(message);
});

async function ask({
  id,
  method,
  path,
  headers,
  body,
  giveUpMs,
}: Extract<ToCaller, { do: 'ask' }>): Promise<void> {
  const hangUp = new AbortController();
  underWay.set(id, hangUp);
  const startNs = process.hrtime.bigint();
  let answer: Told['answer'] = null;
  try {
    const response = await pool.request({
      method: method as Dispatcher.HttpMethod,
      path,
      headers,
      body,
      signal: AbortSignal.any([AbortSignal.timeout(giveUpMs), hangUp.signal]),
    });
    const told = { status: response.statusCode, headers: response.headers };
    if (keepsText) answer = { ...told, text: await response.body.text() };
    else {
      await response.body.dump({ limit: Number.MAX_SAFE_INTEGER });
      answer = told;
    }
  } catch {
    // Which error it was adds nothing: the caller got no answer.
  }
  underWay.delete(id);
  port.postMessage({ id, startNs, endNs: process.hrtime.bigint(), answer } satisfies Told);
}
