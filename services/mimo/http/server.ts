/**
 * The HTTP entry: routes, limits and marks. It parses, hands on and formats; what an answer is made
 * of is decided behind `Service`.
 */
import { randomUUID } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import fastify, { type FastifyInstance, type FastifyRequest } from 'fastify';
import { WITHOUT_SCHEMAS } from '../../without-schemas.ts';
import { registerMcp } from '../mcp/http.ts';
import { servedHeaders } from '../served.ts';
import { type Admit, createAdmission } from './admission.ts';
import { ASK_STREAM, registerAskStream } from './ask-stream.ts';
import { failureOf } from './failure.ts';
import { createFollowers } from './follow-events.ts';
import { elapsedMs, type MarkReply, objectBody, traceOf, within } from './handling.ts';
import { createRateLimiter, RateLimited } from './rate-limit.ts';
import { readiness, resilience } from './reports.ts';
import { AskBody, ClassifyBody, IdempotencyHeader, parseBody, ToolBody } from './requests.ts';
import { resultsOf, routerDecision } from './results.ts';
import { addSemanticRoutes, SEMANTIC_ENDPOINTS } from './semantic.ts';
import type { Service } from './service.ts';

/** Probes and what tells of the service answer whoever asks however often: above all when all is not well. */
const UNLIMITED: ReadonlySet<string | undefined> = new Set([
  '/health/live',
  '/health/ready',
  '/metrics',
  '/resilience',
  '/events',
]);

/** At the end, how long a connection that has never sent a request may still begin one, in ms. */
const SILENT_CONNECTION_MS = 500;

const ENDPOINTS = [
  'POST /v1/mimo/ask',
  `POST ${ASK_STREAM}`,
  'POST /v1/mimo/classify',
  'POST /v1/mimo/tool',
  ...SEMANTIC_ENDPOINTS,
  'POST /mcp',
  'GET /health/live',
  'GET /health/ready',
  'GET /metrics',
  'GET /resilience',
  'GET /events',
];

export interface Server {
  readonly app: FastifyInstance;
  /** Counts a request in, however it came. */
  readonly admit: Admit;
  /** Resolves as soon as no request is under way, however it came. */
  idle(): Promise<void>;
  /** From now on not ready: no new traffic should come. */
  drain(): void;
}

export function createServer(service: Service): Server {
  const { metrics, policy, limits } = service;
  const app = fastify({
    ...WITHOUT_SCHEMAS,
    bodyLimit: limits.bodyBytesMax,
    logger: false,
    forceCloseConnections: 'idle',
    // A connection that came before the end may still make its request, and is told that it is the last: refused,
    // each restart would cost its callers errors.
    return503OnClosing: false,
  });
  // Probes and metrics are exempt: they must answer under load.
  const admission = createAdmission(limits.requestsInFlightMax);
  const { admit } = admission;
  let isDraining = false;
  const rateLimiter = createRateLimiter(limits.rateLimit);
  // Node counts a connection without its first request as busy; a client that opens one ahead of time
  // would hold the closing server open for over a minute.
  const silent = new Set<Socket>();
  app.server.on('connection', (socket: Socket) => {
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
  });
  app.server.on('request', ({ socket }: IncomingMessage, response: ServerResponse) => {
    silent.delete(socket);
    // A connection that was busy when the end began would be kept alive after its answer, and hold the closing
    // server open for as long as its client likes. Streams have sent their headers by then, so they are ended here.
    response.once('close', () => {
      // Not before it is closed: what is idle then may have a request on the way to it.
      if (!app.server.listening) setImmediate(() => app.server.closeIdleConnections());
    });
  });
  const followers = createFollowers(service.events, limits.eventFollowersMax);

  metrics.watch({
    queueDepth: () => service.queue.depth,
    queueCapacity: () => service.queue.capacity,
    pendingReembeds: service.pendingReembeds,
    inFlight: () => admission.inFlight,
    inFlightMax: limits.requestsInFlightMax,
    bodyBytesMax: limits.bodyBytesMax,
    deadlineSeconds: policy.requestDeadlineMs / 1_000,
    guards: Object.values(service.guards),
    caches: service.caches,
    classifierTtlSeconds: limits.classifierCacheTtlMs / 1_000,
    rateLimit: limits.rateLimit,
    rateLimitClients: () => rateLimiter.clients,
    eventFollowers: () => followers.count,
    eventFollowersMax: limits.eventFollowersMax,
    semanticKept: () => service.semantic.answers.kept,
    searchedBy: () => service.vectors.by,
    semanticKeptMax: service.semantic.answers.keptMax,
  });

  const mark: MarkReply = (reply, links) => {
    const served = service.mark(links);
    metrics.served(served);
    reply.headers(servedHeaders(served));
    return { served, degraded: served.by !== 'live' };
  };

  app.post('/v1/mimo/ask', (request, reply) =>
    admit(async () => {
      const startedAtMs = performance.now();
      const body = parseBody(AskBody, objectBody(request));
      const deadlineMs = Math.min(body.timeout_ms ?? policy.requestDeadlineMs, policy.requestDeadlineMs);
      const answer = await within(deadlineMs, service.ask(body.query, traceOf(request)));
      return {
        query_id: randomUUID(),
        router_decision: routerDecision(answer.decision),
        results: resultsOf(answer),
        synthesis: answer.synthesis,
        finish: answer.finish,
        context_id: body.context_id ?? null,
        latency_ms: elapsedMs(startedAtMs),
        ...mark(reply, answer.links),
      };
    }),
  );

  const counted = new WeakSet<FastifyRequest>();
  registerAskStream(app, {
    service,
    admit,
    mark,
    count(request, status, seconds) {
      counted.add(request);
      metrics.request(ASK_STREAM, status, seconds);
    },
  });

  app.post('/v1/mimo/classify', (request, reply) =>
    admit(async () => {
      const startedAtMs = performance.now();
      const { query } = parseBody(ClassifyBody, objectBody(request));
      const work = service.classify(query, traceOf(request));
      const decision = await within(policy.requestDeadlineMs, work);
      return {
        router_decision: routerDecision(decision),
        latency_ms: elapsedMs(startedAtMs),
        ...mark(reply, { llm: decision.part }),
      };
    }),
  );

  app.post('/v1/mimo/tool', (request, reply) =>
    admit(async () => {
      const startedAtMs = performance.now();
      const call = parseBody(ToolBody, objectBody(request));
      const key = parseBody(IdempotencyHeader, request.headers['idempotency-key'], 'idempotency-key header');
      const work = service.tool(call, key, traceOf(request));
      const { status, data, links } = await within(policy.requestDeadlineMs, work);
      reply.code(STATUS_CODES[status]);
      return {
        tool_call_id: randomUUID(),
        status,
        data,
        latency_ms: elapsedMs(startedAtMs),
        ...mark(reply, links),
      };
    }),
  );

  addSemanticRoutes(app, service.semantic, { deadlineMs: policy.requestDeadlineMs, admit, mark });
  registerMcp(app, { service, admit });

  app.get('/health/live', async () => ({ status: 'live' }));

  app.get('/health/ready', async (_request, reply) => {
    const report = readiness(service, isDraining);
    if (!report.ready) reply.code(503).header('retry-after', '1');
    return report;
  });

  app.get('/resilience', async () => resilience(service));

  app.get('/events', (_request, reply) => followers.add(reply));

  app.get('/metrics', async (_request, reply) => {
    reply.header('content-type', metrics.contentType);
    return metrics.text();
  });

  app.setNotFoundHandler((request, reply) => {
    const error = `There is no ${request.method} ${request.url.split('?')[0]}.`;
    reply.code(404).send({ error, endpoints: ENDPOINTS });
  });

  app.setErrorHandler((error, request, reply) => {
    const failure = failureOf(error);
    if (failure.status >= 500) service.log.error({ err: error, url: request.url }, 'request failed');
    if (failure.retryAfterS !== undefined) reply.header('retry-after', String(failure.retryAfterS));
    reply.code(failure.status).send({ error: failure.error });
  });

  // Before the body is read: a refusal costs next to nothing.
  app.addHook('onRequest', async (request, reply) => {
    if (limits.rateLimit.requests === 0 || UNLIMITED.has(request.routeOptions.url)) return;
    reply.header('x-ratelimit-limit', limits.rateLimit.requests);
    try {
      reply.header('x-ratelimit-remaining', rateLimiter.take(request.ip));
    } catch (error) {
      if (error instanceof RateLimited) metrics.rateLimited();
      reply.header('x-ratelimit-remaining', 0);
      throw error;
    }
  });

  app.addHook('onSend', async (_request, reply) => {
    if (isDraining) reply.header('connection', 'close');
  });

  app.addHook('onResponse', async (request, reply) => {
    if (counted.has(request)) return;
    // The pattern, not the path: a scanner must not be able to invent labels.
    metrics.request(request.routeOptions.url ?? 'unknown', reply.statusCode, reply.elapsedTime / 1_000);
  });

  return {
    app,
    admit,
    idle: admission.idle,
    drain() {
      isDraining = true;
      // A stream without an end would keep the server from closing.
      followers.close();
      setTimeout(() => {
        for (const socket of silent) socket.destroy();
      }, SILENT_CONNECTION_MS).unref();
    },
  };
}

const STATUS_CODES = { success: 200, stored: 201, queued: 202 } as const;
