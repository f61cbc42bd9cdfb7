/**
 * The composition root: config and parts in, a wired service out. Everything that lives longer than a
 * request is made here and closed here; nothing here calls a dependency.
 */
import type { Logger } from 'pino';
import { createAsk } from './ask.ts';
import type { Config } from './config.ts';
import type { Service } from './http/service.ts';
import { createDatabase } from './memory/database.ts';
import { createEmbedder } from './memory/embedder.ts';
import type { Engram } from './memory/engram.ts';
import { createPersist } from './memory/persist.ts';
import { createRecall } from './memory/recall.ts';
import { createReplay } from './memory/replay.ts';
import { createMetrics } from './metrics.ts';
import { PARTS, type Parts } from './parts.ts';
import { BREAKER_NAMES, type LinkName, policyOf } from './policy.ts';
import type { Transition } from './resilience/breaker.ts';
import { createGuard, type Guard } from './resilience/guard.ts';
import { createTools } from './tools.ts';

/** Longest pause of the background work, in ms: in production it need not wait a quarter of the open time. */
const BACKGROUND_INTERVAL_MS_MAX = 1_000;
/** Looks at a dependency per open time, so that its return is noticed soon after it is allowed. */
const LOOKS_PER_OPEN_TIME = 4;

/** Opens the write queue and wires the rest. @throws when the state folder cannot be used. */
export async function assemble(config: Config, log: Logger, parts: Parts = PARTS): Promise<Service> {
  const policy = policyOf(config.profile);
  const metrics = createMetrics();

  function onTransition({ link, from, to }: Transition): void {
    log.warn({ link, breaker: BREAKER_NAMES[link], from, to }, 'breaker transition');
    metrics.transition({ link, from, to });
  }

  function guardOf(link: LinkName): Guard {
    const linkPolicy = policy.links[link];
    const breaker = parts.breaker({
      link,
      policy: linkPolicy.breaker,
      tripRule: parts.tripRule(linkPolicy.breaker),
      isFailure: parts.isFailure,
      onTransition,
    });
    return createGuard({ link, policy: linkPolicy, breaker, onCall: metrics.call });
  }

  const guards = { llm: guardOf('llm'), ollama: guardOf('ollama'), database: guardOf('database') };
  const ollamaClient = parts.ollamaClient(config.ollama);
  const database = createDatabase({
    url: config.databaseUrl,
    timeoutMs: policy.links.database.timeoutMs,
    callsMax: policy.links.database.bulkhead.concurrent,
    onIdleError: (error) => log.info({ err: error }, 'idle database connection lost'),
  });
  const store = parts.store(database);
  const queue = await parts.writeQueue({
    directory: config.stateDir,
    capacity: policy.links.database.fallback.capacity,
    onUnreadable: (lines) => log.error({ lines }, 'write queue: lines that cannot be read were skipped'),
  });
  const reembedder = parts.reembedder({
    ollama: guards.ollama,
    database: guards.database,
    client: ollamaClient,
    store,
    intervalMs: intervalMs(guards.ollama),
    log,
  });
  const onStored = (engram: Engram): void => {
    if (engram.source === 'hash') reembedder.noticed(1);
  };
  const replay = createReplay({
    queue,
    guard: guards.database,
    store,
    intervalMs: intervalMs(guards.database),
    onStored,
    log,
  });
  // What an earlier process left behind is work already.
  replay.wake();

  const embed = createEmbedder(guards.ollama, ollamaClient);
  const onHashedFound = (total: number): void => reembedder.found(total);
  const recall = createRecall({ guard: guards.database, store, queue, onHashedFound });
  const onRetry = (): void => metrics.retried('database');
  const persist = createPersist({
    store,
    retry: parts.retry({ guard: guards.database, policy: policy.links.database.retry, onRetry }),
    queue,
    goesBehindQueue: parts.goesBehindQueue,
    onStored,
    onQueued: replay.wake,
  });

  return {
    policy,
    guards,
    metrics,
    queue,
    log,
    pendingReembeds: () => reembedder.pending,
    ask: createAsk({
      embed,
      recall,
      llm: guards.llm,
      client: parts.llmClient(config.llm),
      fallback: parts.answerFallback(policy.links.llm.fallback.maxAgeMs),
    }),
    tool: createTools({ embed, recall, persist }),
    mark: parts.mark,
    async close() {
      await Promise.all([replay.close(), reembedder.close()]);
      await queue.close();
      await database.close();
    },
  };
}

function intervalMs(guard: Guard): number {
  return Math.min(BACKGROUND_INTERVAL_MS_MAX, guard.policy.breaker.openMs / LOOKS_PER_OPEN_TIME);
}
