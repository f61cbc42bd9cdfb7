/**
 * Mimo behind links with traffic, and a real Prometheus that scrapes it by the rules of monitoring/,
 * sixty times faster: profile fast is to profile production as these rules are to the real ones.
 */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { embedded } from '../../harness/environment/embedded.ts';
import type { Running } from '../../harness/environment/environment.ts';
import { Config } from '../../harness/model/config.ts';
import { clockFrom } from '../../harness/model/time.ts';
import { type Policy, policyOf } from '../../services/mimo/policy.ts';
import config from '../../tripcurve.config.ts';
import { type Daemon, daemon } from './prometheus.ts';
import { readRules, shorter } from './rules.ts';
import { REPOSITORY } from './workshop.ts';

/** Open times of profile production are sixty times those of profile fast. */
export const FACTOR = 60;
const SCRAPE_MS = 250;
const REQUEST_EVERY_MS = 50;
const REQUEST_LIMIT_MS = 5_000;
/** Few enough to be full after some seconds without a database. */
const QUEUE_CAPACITY = 60;
/** A timeout that lets a slow LLM be slow without being ill. */
const LLM_TIMEOUT_MS = 1_600;
/** And those of the others are longer than a busy machine ever keeps them waiting: what they raise, an outage raised. */
const OTHERS_TIMEOUT_MS = 1_200;

export interface WatchedMimo extends AsyncDisposable {
  readonly mimo: Running;
  readonly prometheus: Daemon;
  /** Takes Mimo away and leaves Prometheus. */
  endMimo(): Promise<void>;
}

export async function watchedMimo(): Promise<WatchedMimo> {
  await using stack = new AsyncDisposableStack();
  const dir = await mkdtemp(path.join(os.tmpdir(), 'mimo-watched-'));
  stack.defer(() => rm(dir, { recursive: true, force: true }));
  const policyFile = path.join(dir, 'policy.json');
  await writeFile(policyFile, JSON.stringify(policy()));
  const originNs = process.hrtime.bigint();
  const mimo = await embedded.up({
    config: Config.parse({
      ...config,
      profiles: { fast: { env: { MIMO_PROFILE: 'fast', MIMO_POLICY_FILE: policyFile } } },
    }),
    cwd: REPOSITORY,
    profile: 'fast',
    mutant: null,
    links: 'embedded',
    hidesNames: false,
    run: 'watched',
    seed: 1,
    logDir: path.join(dir, 'logs'),
    originNs,
    now: clockFrom(originNs),
    emit: () => {},
  });
  const endMimo = once(async () => mimo[Symbol.asyncDispose]());
  stack.defer(endMimo);
  const stopTraffic = traffic(mimo.entryUrl);
  stack.defer(stopTraffic);
  const prometheus = stack.use(await watching(dir, new URL(mimo.entryUrl).host));
  const owned = stack.move();
  return { mimo, prometheus, endMimo, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function policy(): Policy {
  const fast = policyOf('fast');
  const { llm, ollama, database } = fast.links;
  return {
    ...fast,
    links: {
      ...fast.links,
      llm: { ...llm, timeoutMs: LLM_TIMEOUT_MS, deadlineMs: LLM_TIMEOUT_MS },
      ollama: { ...ollama, timeoutMs: OTHERS_TIMEOUT_MS },
      database: {
        ...database,
        timeoutMs: OTHERS_TIMEOUT_MS,
        fallback: { ...database.fallback, capacity: QUEUE_CAPACITY },
      },
    },
  };
}

async function watching(dir: string, target: string): Promise<Daemon> {
  await mkdir(path.join(dir, 'data'));
  await writeFile(path.join(dir, 'rules.yml'), shorter(await readRules(), FACTOR));
  const every = `${SCRAPE_MS}ms`;
  await writeFile(
    path.join(dir, 'prometheus.yml'),
    stringify({
      global: { scrape_interval: every, scrape_timeout: every, evaluation_interval: every },
      rule_files: ['rules.yml'],
      scrape_configs: [{ job_name: 'mimo', static_configs: [{ targets: [target] }] }],
    }),
  );
  return daemon('prometheus', (port) => [
    `--config.file=${path.join(dir, 'prometheus.yml')}`,
    `--storage.tsdb.path=${path.join(dir, 'data')}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
}

/** Asks, stores and searches at a steady pace, whatever comes back; the answered function stops it. */
function traffic(entryUrl: string): () => Promise<void> {
  const underWay = new Set<Promise<unknown>>();
  let n = 0;
  const timer = setInterval(() => {
    n += 1;
    const send = sendOne(entryUrl, n).catch(() => {}); // outages are what this is about
    underWay.add(send);
    void send.finally(() => underWay.delete(send));
  }, REQUEST_EVERY_MS);
  return async () => {
    clearInterval(timer);
    await Promise.all(underWay);
  };
}

async function sendOne(entryUrl: string, n: number): Promise<void> {
  const [route, body] =
    n % 2 === 0
      ? ['tool', { tool: 'mimo_store_memory', arguments: { content: `note ${n} of the watched` } }]
      : ['ask', { query: `what is known of note ${n % 7}?` }];
  const answer = await fetch(`${entryUrl}/v1/mimo/${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(REQUEST_LIMIT_MS),
  });
  await answer.arrayBuffer();
}

function once(run: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= run();
    return done;
  };
}
