/**
 * How a second terminal talks to a rehearsal: a small HTTP API on loopback, found through a file in the
 * project's folder that only its owner may read.
 */
import { randomBytes } from 'node:crypto';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { type FastifyInstance, fastify } from 'fastify';
import { z } from 'zod';
import { EnvironmentError, messageOf, UsageError } from '../model/errors.ts';
import { Fault } from '../model/fault.ts';
import { validate } from '../model/validate.ts';
import { FAULT_MS_DEFAULT, type Session } from './session.ts';
import type { View } from './view.ts';

/** Where a rehearsal leaves its address, relative to the folder of the config. */
const STATE_FILE = path.join('.tripcurve', 'rehearsal.json');

const State = z.object({ url: z.string(), token: z.string(), run: z.string(), pid: z.int() });
type State = z.infer<typeof State>;

const Injection = z.strictObject({
  link: z.string(),
  fault: Fault,
  forMs: z.number().positive().max(86_400_000).default(FAULT_MS_DEFAULT),
});

const CALL_TIMEOUT_MS = 15_000;

export interface ControlServer extends AsyncDisposable {
  readonly url: string;
}

/** Serves a session until it is disposed of. @throws EnvironmentError where a rehearsal runs here already */
export async function serveControl(
  cwd: string,
  run: string,
  session: Session,
  down: () => void,
): Promise<ControlServer> {
  const present = await readState(cwd);
  if (present !== null && (await isAlive(present)))
    throw new EnvironmentError(
      `a rehearsal runs here already (run ${present.run}, process ${present.pid}); end it with tripcurve down`,
    );
  const token = randomBytes(16).toString('hex');
  const app = controlApi(session, token, down);
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  const file = path.join(cwd, STATE_FILE);
  await mkdir(path.dirname(file), { recursive: true });
  const state: State = { url, token, run, pid: process.pid };
  await writeFile(file, JSON.stringify(state), { mode: 0o600 });
  return {
    url,
    [Symbol.asyncDispose]: async () => {
      await rm(file, { force: true });
      await app.close();
    },
  };
}

function controlApi(session: Session, token: string, down: () => void): FastifyInstance {
  const app = fastify({ logger: false, forceCloseConnections: true });
  app.addHook('onRequest', async (request, reply) => {
    if (request.headers.authorization !== `Bearer ${token}`)
      await reply.code(401).send({ error: 'no token' });
  });
  app.setErrorHandler((error, _request, reply) =>
    reply.code(error instanceof UsageError ? 400 : 500).send({ error: messageOf(error) }),
  );
  app.get('/view', () => session.view());
  app.post('/faults', async ({ body }) => {
    const { link, fault, forMs } = validate(Injection, body, 'injection');
    return { name: await session.inject(link, fault, forMs) };
  });
  app.delete<{ Querystring: { link?: string } }>('/faults', async ({ query }) => ({
    lifted: await session.restore(query.link ?? 'all'),
  }));
  app.post('/notes', ({ body }, reply) => {
    session.note(validate(z.strictObject({ text: z.string().min(1) }), body, 'note').text);
    return reply.code(204).send();
  });
  app.post('/down', (_request, reply) => {
    down();
    return reply.code(204).send();
  });
  return app;
}

/** Removes the address of a rehearsal that answers no more; its run, or null where there is none. */
export async function forgetDeadRehearsal(cwd: string): Promise<string | null> {
  const state = await readState(cwd);
  if (state === null || (await isAlive(state))) return null;
  await rm(path.join(cwd, STATE_FILE), { force: true });
  return state.run;
}

/** The rehearsal that runs in this folder. */
export class ControlClient {
  readonly #state: State;

  private constructor(state: State) {
    this.#state = state;
  }

  /** @throws UsageError where none runs */
  static async find(cwd: string): Promise<ControlClient> {
    const state = await readState(cwd);
    if (state === null || !(await isAlive(state)))
      throw new UsageError('no rehearsal runs here; start one with tripcurve up in another terminal');
    return new ControlClient(state);
  }

  get run(): string {
    return this.#state.run;
  }

  async view(): Promise<View> {
    return (await call(this.#state, 'GET', '/view')) as View;
  }

  async inject(link: string, fault: Fault, forMs: number): Promise<string> {
    return ((await call(this.#state, 'POST', '/faults', { link, fault, forMs })) as { name: string }).name;
  }

  async restore(link: string): Promise<string[]> {
    const path = `/faults?link=${encodeURIComponent(link)}`;
    return ((await call(this.#state, 'DELETE', path)) as { lifted: string[] }).lifted;
  }

  async note(text: string): Promise<void> {
    await call(this.#state, 'POST', '/notes', { text });
  }

  async down(): Promise<void> {
    await call(this.#state, 'POST', '/down', {});
  }
}

async function call({ url, token }: State, method: string, path: string, body?: object): Promise<unknown> {
  const response = await fetch(url + path, {
    method,
    headers: {
      authorization: `Bearer ${token}`,
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  }).catch((error: unknown) => {
    throw new EnvironmentError(`the rehearsal does not answer: ${messageOf(error)}`);
  });
  const text = await response.text();
  const answer: unknown = text === '' ? null : JSON.parse(text);
  if (response.ok) return answer;
  const { error = text } = (answer ?? {}) as { error?: string };
  throw response.status === 400 ? new UsageError(error) : new EnvironmentError(error);
}

async function readState(cwd: string): Promise<State | null> {
  try {
    return State.parse(JSON.parse(await readFile(path.join(cwd, STATE_FILE), 'utf8')));
  } catch {
    return null; // none, or one of another version: as good as none
  }
}

/** A file can outlive its rehearsal. */
async function isAlive(state: State): Promise<boolean> {
  return call(state, 'GET', '/view').then(
    () => true,
    () => false,
  );
}
