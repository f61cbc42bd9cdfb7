/**
 * The composition root: config and parts in, a wired service out. Everything that lives longer than a
 * request is made here and closed here; nothing here calls a dependency.
 */
import type { Logger } from 'pino';
import { createAsk } from './ask.ts';
import { createClassifier } from './classify/classifier.ts';
import type { Config } from './config.ts';
import { createEvents } from './events.ts';
import type { CacheGauge } from './gauges.ts';
import type { Service } from './http/service.ts';
import { LIMITS_DEFAULT } from './limits.ts';
import { createChain } from './llm/chain.ts';
import { createDatabase } from './memory/database.ts';
import type { Engram } from './memory/engram.ts';
import { VectorIndex } from './memory/vector-index.ts';
import { createVectorSearch } from './memory/vector-search.ts';
import { createMetrics } from './metrics.ts';
import { MONITOR_DEFAULT } from './monitor/settings.ts';
import { watchResources } from './monitor/watch-resources.ts';
import { PARTS, type Parts } from './parts.ts';
import { BREAKER_NAMES, forProviders, LINK_NAMES, type LinkName, linkPolicyOf, policyOf } from './policy.ts';
import type { Transition } from './resilience/breaker.ts';
import { createGuard, type Guard } from './resilience/guard.ts';
import type { ExhaustedBy } from './resilience/retry.ts';
import { createAnswers } from './semantic/answers.ts';
import { createResolver } from './semantic/resolver.ts';
import { createSemantic } from './semantic/semantic.ts';
import { createSemanticStore } from './semantic/store.ts';
import { createSweeper } from './semantic/sweeper.ts';
import { createTools } from './tools.ts';

/** Longest pause of the background work, in ms: in production it need not wait a quarter of the open time. */
const BACKGROUND_INTERVAL_MS_MAX = 1_000;
/** Looks at a dependency per open time, so that its return is noticed soon after it is allowed. */
const LOOKS_PER_OPEN_TIME = 4;
/** A sweep a minute in production; nobody waits for it. */
const OPEN_TIMES_PER_SWEEP = 2;

/** Opens the write queue and wires the rest. @throws when the state folder cannot be used. */
export async function assemble(config: Config, log: Logger, parts: Parts = PARTS): Promise<Service> {
  const policy = forProviders(config.policy ?? policyOf(config.profile), config.llm.length);
  const limits = config.limits ?? LIMITS_DEFAULT;
  const metrics = createMetrics([...new Set([...config.llm.map(({ link }) => link), ...LINK_NAMES])]);
  const events = createEvents({ log, onEvent: metrics.event });

  function onTransition({ link, from, to }: Transition): void {
    events.tell({ event: 'breaker_transition', link, breaker: BREAKER_NAMES[link], from, to });
  }

  function guardOf(link: LinkName): Guard {
    const linkPolicy = linkPolicyOf(policy, link);
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
  const providers = config.llm.map((provider) => {
    const { link, model } = provider;
    metrics.usage.provider(link);
    const guard = link === 'llm' ? guards.llm : guardOf(link);
    return { link, model, guard, client: parts.llmClient(provider) };
  });
  const chain = createChain({
    providers,
    policy: policy.links.llm,
    onAnswer(link, completion) {
      const prices = config.llm.find((provider) => provider.link === link);
      if (prices !== undefined) metrics.usage.answered(prices, completion);
    },
  });
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
  const index = new VectorIndex(limits.vectorIndexEntriesMax);
  const onStored = (engram: Engram, id: string): void => {
    // Whoever was told that it is stored finds it, though the database goes before the next catch-up. That one
    // brings the row itself, whose revision is above this one.
    index.put({ ...engram, id, revision: 0n });
    if (engram.source === 'hash') reembedder.noticed(1);
  };
  const replay = parts.replay({
    queue,
    guard: guards.database,
    store,
    intervalMs: intervalMs(guards.database),
    onStored,
    log,
  });
  // What an earlier process left behind is work already.
  replay.wake();

  const embed = parts.embedder(guards.ollama, ollamaClient);
  const onHashedFound = (total: number): void => reembedder.found(total);
  const vectors = createVectorSearch({
    guard: guards.database,
    store: parts.vectorStore(database),
    intervalMs: intervalMs(guards.database),
    log,
  });
  const recall = parts.recall({ guard: guards.database, store, queue, index, vectors, onHashedFound });
  const { classifierCacheEntriesMax: entries, classifierCacheTtlMs: ttlMs } = limits;
  const classifications = entries === 0 ? null : parts.classifications({ entries, ttlMs });
  const classify = createClassifier({ chain, cache: classifications, onUse: metrics.usage.classified });
  const onRetry = (): void => metrics.retried('database');
  const onExhausted = (reason: ExhaustedBy): void => metrics.exhausted('database', reason);
  const retry = parts.retry({
    guard: guards.database,
    policy: policy.links.database.retry,
    onRetry,
    onExhausted,
  });
  const persist = parts.persist({
    store,
    retry,
    queue,
    goesBehindQueue: parts.goesBehindQueue,
    onStored,
    onQueued: replay.wake,
  });

  const fallback = parts.answerFallback(policy.links.llm.fallback.maxAgeMs, limits.answerCacheEntriesMax);
  const caches: CacheGauge[] = [
    { cache: 'answers', entries: () => fallback.size, entriesMax: limits.answerCacheEntriesMax },
    { cache: 'vectors', entries: () => index.size, entriesMax: limits.vectorIndexEntriesMax },
    { cache: 'classifications', entries: () => classifications?.size ?? 0, entriesMax: entries },
  ];
  const monitor = watchResources({
    settings: config.monitor ?? MONITOR_DEFAULT,
    limits,
    queue,
    answers: () => fallback.size,
    vectors: () => index.size,
    classifications: () => classifications?.size ?? 0,
    events,
  });
  metrics.watchResources(monitor);
  const semanticStore = createSemanticStore(database, parts.semanticStatements);
  const sweeper = createSweeper({
    guard: guards.database,
    store: semanticStore,
    intervalMs: OPEN_TIMES_PER_SWEEP * policy.links.database.breaker.openMs,
    log,
  });
  const answers = createAnswers(guards.database);
  const resolve = createResolver({ embed, store, answers });
  const semantic = createSemantic({ store: semanticStore, answers, retry, sweeper, resolve });

  return {
    policy,
    limits,
    guards: { ...guards, ...Object.fromEntries(providers.map(({ link, guard }) => [link, guard])) },
    metrics,
    events,
    monitor,
    caches,
    queue,
    log,
    pendingReembeds: () => reembedder.pending,
    ...createAsk({
      embed,
      recall,
      semantic,
      chain,
      classify: config.router ? classify : null,
      fallback,
    }),
    classify,
    tool: createTools({ embed, recall, persist }),
    semantic,
    vectors,
    mark: parts.mark,
    async close() {
      monitor.close();
      await Promise.all([replay.close(), reembedder.close(), sweeper.close(), vectors.close()]);
      await queue.close();
      await database.close();
    },
  };
}

function intervalMs(guard: Guard): number {
  return Math.min(BACKGROUND_INTERVAL_MS_MAX, guard.policy.breaker.openMs / LOOKS_PER_OPEN_TIME);
}
