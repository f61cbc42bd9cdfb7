/** What the original's entry gets wrong: health, metrics, statuses, protocol. */
import type { FastifyInstance } from 'fastify';
import { Unavailable } from '../http/failure.ts';
import type { Readiness } from '../http/reports.ts';
import type { Mutate } from '../parts.ts';

const SHED_ABOVE_MS = 50;
const SAMPLES_MAX = 100;
const SAMPLES_MIN = 10;
const SERVER_FAULT = 500;

/** The server with something hooked into it. */
function hooked(change: (app: FastifyInstance) => void): Mutate {
  return (parts) => ({
    ...parts,
    server(service) {
      const server = parts.server(service);
      change(server.app);
      return server;
    },
  });
}

/** Another readiness report. */
function readinessOf(change: (report: Readiness) => Partial<Readiness>): Mutate {
  return hooked((app) =>
    app.addHook('onSend', async (request, reply, payload) => {
      if (request.routeOptions.url !== '/health/ready') return payload;
      const report = { ...JSON.parse(String(payload)), ...change(JSON.parse(String(payload))) };
      reply.code(report.ready ? 200 : 503);
      return JSON.stringify(report);
    }),
  );
}

/** Rewrites the body of a route, whatever it is made of. */
function rewritten(url: string, change: (text: string) => string): Mutate {
  return hooked((app) =>
    app.addHook('onSend', async (request, reply, payload) => {
      if (request.routeOptions.url !== url) return payload;
      reply.removeHeader('content-length');
      return change(await new Response(payload as string).text());
    }),
  );
}

export const ENTRY_MUTANTS: Readonly<Record<string, Mutate>> = {
  'metric-name-drifts': rewritten('/metrics', (text) =>
    text.replaceAll('mimo_breaker_state', 'mimo_circuit_breaker_status'),
  ),

  'health-always-green': readinessOf(() => ({
    ready: true,
    status: 'ready',
    degraded: [],
    queueDepth: 0,
    pendingReembeds: 0,
  })),

  'health-of-empty-registry': readinessOf(() => ({ degraded: [] })),

  'health-without-ollama': readinessOf(({ degraded }) => ({
    degraded: degraded.filter(({ link }) => link !== 'ollama'),
  })),

  'latency-guard-sheds': hooked((app) => {
    const samples: number[] = [];
    app.addHook('onRequest', async ({ method }) => {
      const p99 = samples.toSorted((a, b) => a - b)[Math.floor(0.99 * samples.length)] ?? 0;
      if (method === 'POST' && samples.length >= SAMPLES_MIN && p99 > SHED_ABOVE_MS)
        throw new Unavailable(`p99 of ${p99} ms`);
    });
    app.addHook('onResponse', async ({ method }, reply) => {
      if (method !== 'POST') return;
      samples.push(reply.elapsedTime);
      if (samples.length > SAMPLES_MAX) samples.shift();
    });
  }),

  'one-call-at-a-time': hooked((app) => {
    let last: Promise<void> = Promise.resolve();
    app.addHook('preHandler', async ({ method }, reply) => {
      if (method !== 'POST') return;
      const { promise, resolve } = Promise.withResolvers<void>();
      const before = last;
      last = last.then(() => promise);
      reply.raw.once('close', resolve);
      await before;
    });
  }),

  'outage-as-400': hooked((app) =>
    app.addHook('onSend', async (_request, reply, payload) => {
      if (reply.statusCode >= SERVER_FAULT) reply.code(400);
      return payload;
    }),
  ),

  'error-never-answered': hooked((app) =>
    app.addHook('onSend', async ({ method }, reply, payload) => {
      if (method === 'POST' && reply.statusCode >= SERVER_FAULT) await new Promise(() => {});
      return payload;
    }),
  ),

  'error-with-null-id': rewritten('/mcp', (text) =>
    text.includes('"isError":true') ? text.replace(/"id":("[^"]*"|\d+)/, '"id":null') : text,
  ),

  'attempt-not-ended': (parts) => ({
    ...parts,
    llmClient(provider) {
      const client = parts.llmClient(provider);
      return { ...client, complete: (request) => client.complete(request, new AbortController().signal) };
    },
  }),
};
