/** What the tests of Mimo share: fake dependencies on real sockets, waiting with a deadline, engrams. */
import { mkdtemp, rm } from 'node:fs/promises';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { pino } from 'pino';
import type { Config } from '../../../services/mimo/config.ts';
import type { ProviderConfig } from '../../../services/mimo/llm/client.ts';
import type { Engram } from '../../../services/mimo/memory/engram.ts';
import { DIMENSION, hashVector, normalise } from '../../../services/mimo/memory/hash-vector.ts';
import { type BreakerPolicy, LLM_LINKS, type LlmLink } from '../../../services/mimo/policy.ts';
import { type Breaker, createBreaker } from '../../../services/mimo/resilience/breaker.ts';
import { speaksAgainst } from '../../../services/mimo/resilience/faults.ts';
import { WindowedFailures } from '../../../services/mimo/resilience/windowed-failures.ts';

export const SILENT = pino({ level: 'silent' });

const WAIT_LIMIT_MS = 5_000;
const LOOK_EVERY_MS = 5;

/** Resolves when `isSo` holds; fails naming what was awaited. */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const limitMs = performance.now() + WAIT_LIMIT_MS;
  while (!(await isSo())) {
    if (performance.now() > limitMs) throw new Error(`waited ${WAIT_LIMIT_MS} ms in vain until ${what}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** A folder that goes with the test. */
export async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const folder = await mkdtemp(path.join(os.tmpdir(), 'mimo-test-'));
  return { path: folder, [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }) };
}

/** A stand-in whose behaviour a test sets as it goes. */
export interface FakeServer extends AsyncDisposable {
  readonly url: string;
  readonly requests: { url: string; traceparent: string | undefined; body: unknown }[];
  /** `hang` never answers; a number answers with that status. */
  behave(as: 'well' | 'hang' | number): void;
}

/** Answers each request with `answer(body)`. */
export async function fakeServer(answer: (body: Record<string, unknown>) => unknown): Promise<FakeServer> {
  const requests: FakeServer['requests'] = [];
  let behaviour: 'well' | 'hang' | number = 'well';
  const server = http.createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = JSON.parse(Buffer.concat(chunks).toString());
    const { traceparent } = request.headers;
    requests.push({ url: request.url ?? '', traceparent: traceparent?.toString(), body });
    if (behaviour === 'hang') return;
    response.statusCode = behaviour === 'well' ? 200 : behaviour;
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(behaviour === 'well' ? answer(body) : { error: 'as told' }));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    behave(as) {
      behaviour = as;
    },
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

/** A configuration for the fast profile; what a test does not name is as it is by default. */
export function configFor(
  given: Pick<Config, 'databaseUrl' | 'stateDir'> & {
    readonly llmUrls: readonly string[];
    readonly ollamaUrl: string;
  } & Partial<Config>,
): Config {
  const { llmUrls, ollamaUrl, ...rest } = given;
  const [first, ...further] = llmUrls.map((url, n) => provider(LLM_LINKS[n] ?? 'llm', url));
  if (first === undefined) throw new Error('a test of Mimo needs at least one LLM');
  return {
    host: '127.0.0.1',
    port: 0,
    profile: 'fast',
    llm: [first, ...further],
    ollama: { baseUrl: ollamaUrl, model: 'nomic-embed-text' },
    router: false,
    mutant: undefined,
    mcpStdio: false,
    exitWithStdin: false,
    logLevel: 'silent',
    ...rest,
  };
}

/** A provider without a price. */
export function provider(link: LlmLink, url: string, model = 'tiny'): ProviderConfig {
  const price = { promptUsdPerMillion: 0, completionUsdPerMillion: 0 };
  return { link, baseUrl: `${url}/v1`, apiKey: 'none', model, ...price };
}

export const fakeLlm = (): Promise<FakeServer> =>
  fakeServer(() => ({ choices: [{ message: { content: 'The answer is 42.' } }] }));

export const fakeOllama = (): Promise<FakeServer> =>
  fakeServer(({ input }) => ({ embeddings: [input].flat().map((text) => [...realVector(String(text))]) }));

/** A vector that shares words' directions, and is nothing like the hash vector of the same text. */
export function realVector(text: string): Float32Array {
  const sum = new Float32Array(DIMENSION);
  for (const word of text.toLowerCase().match(/\w+/g) ?? ['-']) {
    for (const [i, value] of hashVector(`word ${word}`).entries()) sum[i] = (sum[i] ?? 0) + value;
  }
  return normalise(sum);
}

export function engram(content: string, given: Partial<Engram> = {}): Engram {
  return {
    idempotencyKey: content,
    content,
    category: 'observation',
    importance: 0.5,
    vector: realVector(content),
    source: 'live',
    metadata: { client_key: content },
    ...given,
  };
}

/** A breaker with its transitions as text: `closed>open`. */
export function watchedBreaker(given: Partial<BreakerPolicy> = {}): { breaker: Breaker; history: string[] } {
  const policy: BreakerPolicy = {
    kind: 'count-window',
    failures: 5,
    windowCalls: 10,
    openMs: 40,
    halfOpenProbes: 3,
    successesToClose: 3,
    ...given,
  };
  const history: string[] = [];
  const breaker = createBreaker({
    link: 'llm',
    policy,
    tripRule: new WindowedFailures(policy.failures, policy.windowCalls),
    isFailure: speaksAgainst,
    onTransition: ({ from, to }) => history.push(`${from}>${to}`),
  });
  return { breaker, history };
}
