/**
 * Mimo in this process with every dependency behind one of our links: the stand-ins and a PostgreSQL that the
 * test file owns, over real sockets. So what went over the wire can be counted, and any hop broken.
 */
import type { FastifyInstance } from 'fastify';
import { postgresUrl } from '../../../harness/environment/postgres.ts';
import type { FaultInput } from '../../../harness/model/fault.ts';
import { buildLlm, type LlmOptions } from '../../../services/llm/server.ts';
import { assemble } from '../../../services/mimo/assemble.ts';
import type { Config } from '../../../services/mimo/config.ts';
import { createServer } from '../../../services/mimo/http/server.ts';
import type { Service } from '../../../services/mimo/http/service.ts';
import { LIMITS_DEFAULT, type Limits } from '../../../services/mimo/limits.ts';
import { LLM_LINKS, type Policy, policyOf } from '../../../services/mimo/policy.ts';
import { buildOllama } from '../../../services/ollama/server.ts';
import { httpFault } from '../../support/faulty.ts';
import { type Cleanup, startLink, type TestLink } from '../../support/sockets.ts';
import { configFor, provider, SILENT, temporaryFolder } from './stage.ts';

export const CHAT = '/v1/chat/completions';
export const MODEL = 'stand-in-1';

/** Everything that Mimo depends on, each behind a link. */
export interface LinkedDependencies {
  /** Of the providers, in the order in which they are asked. */
  readonly llms: readonly [TestLink, ...TestLink[]];
  readonly ollama: TestLink;
  readonly database: TestLink;
  readonly databaseUrl: string;
  readonly ollamaUrl: string;
}

export interface LinkedMimo extends LinkedDependencies {
  readonly base: string;
  readonly service: Service;
}

export interface DependencyOptions {
  /** Absent: a database that refuses; for tests of the LLM alone. */
  readonly postgresPort?: number;
  /** How each provider of the LLM behaves; one as it is by default where this is left out. */
  readonly providers?: readonly Partial<LlmOptions>[];
}

export interface LinkedOptions extends DependencyOptions {
  /** Of the fast profile; by default {@link patient}. */
  readonly policy?: (fast: Policy) => Policy;
  readonly limits?: Partial<Limits>;
  /** US dollars per million tokens of the prompt, of the answer. */
  readonly prices?: readonly [number, number];
  /** One for each provider; all the same where this is left out. */
  readonly models?: readonly string[];
  readonly more?: Partial<Config>;
}

/**
 * The fast profile with more patience: for what is not about limits, so that a machine that does much else is not
 * taken for an outage. Its breakers are as they are.
 */
export function patient({ links, ...fast }: Policy): Policy {
  return {
    ...fast,
    requestDeadlineMs: 12_000,
    links: {
      llm: {
        ...links.llm,
        timeoutMs: 3_000,
        deadlineMs: 6_000,
        stream: { betweenTokensMs: 3_000, deadlineMs: 6_000 },
      },
      ollama: { ...links.ollama, timeoutMs: 3_000 },
      database: {
        ...links.database,
        timeoutMs: 2_000,
        retry: { ...links.database.retry, deadlineMs: 5_000 },
      },
    },
  };
}

/** Brings the dependencies up; they go with `cleanup`. */
export async function linkedDependencies(
  cleanup: Cleanup,
  { postgresPort = 1, providers = [{}] }: DependencyOptions = {},
): Promise<LinkedDependencies> {
  const [first, ...further] = await Promise.all(
    providers.map(async (ways) => behindLink(cleanup, buildLlm(ways))),
  );
  if (first === undefined) throw new Error('a Mimo needs at least one LLM');
  const ollama = await behindLink(cleanup, buildOllama());
  const database = await startLink(cleanup, postgresPort, { protocol: 'postgres' });
  return {
    llms: [first, ...further],
    ollama,
    database,
    databaseUrl: postgresUrl({ host: '127.0.0.1', port: database.port }),
    ollamaUrl: `http://127.0.0.1:${ollama.port}`,
  };
}

/** Brings all of it up; everything goes with `cleanup`. */
export async function linkedMimo(cleanup: Cleanup, options: LinkedOptions = {}): Promise<LinkedMimo> {
  const { prices = [0, 0], models = [] } = options;
  const dependencies = await linkedDependencies(cleanup, options);
  const { llms, databaseUrl, ollamaUrl } = dependencies;
  const [head, ...tail] = llms.map(({ port }, n) => ({
    ...provider(LLM_LINKS[n] ?? 'llm', `http://127.0.0.1:${port}`, models[n] ?? MODEL),
    promptUsdPerMillion: prices[0],
    completionUsdPerMillion: prices[1],
  }));
  if (head === undefined) throw new Error('a Mimo needs at least one LLM');
  const folder = await temporaryFolder();
  cleanup.add(() => folder[Symbol.asyncDispose]());
  const config = configFor({
    databaseUrl,
    ollamaUrl,
    llmUrls: ['unused'],
    stateDir: folder.path,
    limits: { ...LIMITS_DEFAULT, ...options.limits },
    policy: (options.policy ?? patient)(policyOf('fast')),
    ...options.more,
  });
  const service = await assemble({ ...config, llm: [head, ...tail] }, SILENT);
  const { app } = createServer(service);
  const base = await app.listen({ host: '127.0.0.1', port: 0 });
  cleanup.add(async () => {
    await app.close();
    await service.close();
  });
  return { ...dependencies, base, service };
}

async function behindLink(cleanup: Cleanup, app: FastifyInstance): Promise<TestLink> {
  const port = Number(new URL(await app.listen({ host: '127.0.0.1', port: 0 })).port);
  cleanup.add(() => app.close());
  return startLink(cleanup, port, { protocol: 'http' });
}

/** Arms a fault on a link until the returned function is called. */
export function armed({ link }: TestLink, fault: FaultInput): () => void {
  const spec = link.addFault(httpFault(fault));
  return () => link.removeFault(spec);
}

/** Exchanges with the LLM that a link saw, by now. */
export const chats = (link: TestLink): number =>
  link.of('exchange').filter(({ path }) => path === CHAT).length;

export interface Reply {
  readonly status: number;
  readonly headers: Headers;
  // biome-ignore lint/suspicious/noExplicitAny: a JSON body, compared as a whole or by field
  readonly body: any;
}

export async function post({ base }: Pick<LinkedMimo, 'base'>, path: string, body: unknown): Promise<Reply> {
  const response = await fetch(`${base}${path}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  return { status: response.status, headers: response.headers, body: await response.json() };
}

/** The value of a series of /metrics, whose labels are given as they are written there. */
export async function metric({ base }: Pick<LinkedMimo, 'base'>, series: string): Promise<number> {
  const text = await (await fetch(`${base}/metrics`)).text();
  const line = text.split('\n').find((each) => each.startsWith(`${series} `));
  if (line === undefined) throw new Error(`/metrics has no ${series}`);
  return Number(line.slice(series.length + 1));
}
