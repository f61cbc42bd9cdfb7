/**
 * The HTTP entry: routes, limits and marks. It parses, hands on and formats; what an answer is made
 * of is decided behind `Service`.
 */
import { randomUUID } from 'node:crypto';
import fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import { type LinkParts, servedHeaders } from '../served.ts';
import { type Trace, traceFrom } from '../trace.ts';
import { DeadlineExceeded, failureOf, Unavailable } from './failure.ts';
import { readiness, resilience } from './reports.ts';
import { AskBody, BadRequest, IdempotencyHeader, parseBody, ToolBody } from './requests.ts';
import type { Service } from './service.ts';

/** Above the longest memory even when every character is escaped in JSON. */
const BODY_BYTES_MAX = 1024 * 1024;
/** Four times what the bulkhead of one link lets through. */
const IN_FLIGHT_MAX = 256;

const ENDPOINTS = [
  'POST /v1/mimo/ask',
  'POST /v1/mimo/tool',
  'GET /health/live',
  'GET /health/ready',
  'GET /metrics',
  'GET /resilience',
];

export interface Server {
  readonly app: FastifyInstance;
  /** From now on not ready: no new traffic should come. */
  drain(): void;
}

export function createServer(service: Service): Server {
  const { metrics, policy } = service;
  const app = fastify({ bodyLimit: BODY_BYTES_MAX, logger: false, forceCloseConnections: 'idle' });
  let inFlight = 0;
  let isDraining = false;

  metrics.watch({
    queueDepth: () => service.queue.depth,
    queueCapacity: () => service.queue.capacity,
    pendingReembeds: service.pendingReembeds,
    inFlight: () => inFlight,
    inFlightMax: IN_FLIGHT_MAX,
    bodyBytesMax: BODY_BYTES_MAX,
  });

  /** Counts a request in, or refuses it. Probes and metrics are exempt: they must answer under load. */
  async function admit<T>(run: () => Promise<T>): Promise<T> {
    if (inFlight >= IN_FLIGHT_MAX)
      throw new Unavailable(`All ${IN_FLIGHT_MAX} requests in flight are taken.`);
    inFlight += 1;
    try {
      return await run();
    } finally {
      inFlight -= 1;
    }
  }

  function mark(reply: FastifyReply, links: LinkParts): { served: object; degraded: boolean } {
    const served = service.mark(links);
    metrics.served(served);
    reply.headers(servedHeaders(served));
    return { served, degraded: served.by !== 'live' };
  }

  app.post('/v1/mimo/ask', (request, reply) =>
    admit(async () => {
      const startedAtMs = performance.now();
      const body = parseBody(AskBody, objectBody(request));
      const deadlineMs = Math.min(body.timeout_ms ?? policy.requestDeadlineMs, policy.requestDeadlineMs);
      const answer = await within(deadlineMs, service.ask(body.query, traceOf(request)));
      const { memories, synthesis, links } = answer;
      return {
        query_id: randomUUID(),
        results: {
          episodic: memories.filter((memory) => memory.category !== 'fact'),
          semantic: memories.filter((memory) => memory.category === 'fact'),
        },
        synthesis,
        context_id: body.context_id ?? null,
        latency_ms: elapsedMs(startedAtMs),
        ...mark(reply, links),
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

  app.get('/health/live', async () => ({ status: 'live' }));

  app.get('/health/ready', async (_request, reply) => {
    const report = readiness(service, isDraining);
    if (!report.ready) reply.code(503).header('retry-after', '1');
    return report;
  });

  app.get('/resilience', async () => resilience(service));

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

  app.addHook('onResponse', async (request, reply) => {
    // The pattern, not the path: a scanner must not be able to invent labels.
    metrics.request(request.routeOptions.url ?? 'unknown', reply.statusCode, reply.elapsedTime / 1_000);
  });

  return {
    app,
    drain() {
      isDraining = true;
    },
  };
}

const STATUS_CODES = { success: 200, stored: 201, queued: 202 } as const;

/** Waits no longer than `deadlineMs`. The work goes on: its guarded calls end by their own limits. */
async function within<T>(deadlineMs: number, work: Promise<T>): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new DeadlineExceeded(deadlineMs)), deadlineMs);
  try {
    return await Promise.race([work, late.promise]);
  } finally {
    clearTimeout(timer);
  }
}

function objectBody(request: FastifyRequest): object {
  const { body } = request;
  if (typeof body !== 'object' || body === null || Array.isArray(body)) {
    throw new BadRequest('body must be a JSON object.');
  }
  return body;
}

function traceOf(request: FastifyRequest): Trace {
  const header = request.headers.traceparent;
  return traceFrom(typeof header === 'string' ? header : undefined);
}

function elapsedMs(startedAtMs: number): number {
  return Math.round(performance.now() - startedAtMs);
}
