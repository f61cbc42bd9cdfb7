/**
 * Toxiproxy's HTTP API (2.12) over our links: same paths, statuses, bodies and error texts, so that
 * its clients drive us without noticing; docs/toxiproxy.md lists where it differs. Beyond it: faults above
 * TCP, an event stream. It validates and translates; links do the work.
 */
import { randomUUID } from 'node:crypto';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import type { Registry } from 'prom-client';
import { messageOf } from '../../model/errors.ts';
import type { Clock } from '../../model/time.ts';
import type { EventFeed } from '../feed.ts';
import type { Link } from '../link.ts';
import { resetToxiproxy } from '../real-toxiproxy.ts';
import { ApiError } from './body.ts';
import { eventRoute } from './events.ts';
import { leaseRoute } from './lease.ts';
import { type Proxies, proxyRoutes, resetLinks } from './proxies.ts';
import { toxicRoutes } from './toxics.ts';

/** The version whose API this is. */
export const TOXIPROXY_API_VERSION = '2.12.0';

/** Toxiproxy has no limit; this many bytes are a populate of some 50,000 proxies. */
const BODY_BYTES_MAX = 8 * 1024 * 1024;

/** Node itself takes no request line and headers beyond this. */
const NAME_LENGTH_MAX = 16 * 1024;

/** Every path there is; with a method it does not have, it is 405. */
const PATH =
  /^\/(version|clock|lease|metrics|events|populate|reset|proxies|proxies\/[^/]+(\/(toxics|faults|shadows)(\/[^/]+)?)?)$/;

export interface ApiOptions extends Proxies {
  feed: EventFeed;
  /** The clock that stamps the events. */
  now: Clock;
  /** API of a real Toxiproxy behind these links, which a lapsed lease resets too. */
  behind?: string | undefined;
}

/** Each call to a Toxiproxy behind us is given up after this: faults must be lifted soon, by any way. */
const RESET_LIMIT_MS = 1_000;

function noSchemas(): never {
  throw new Error('routes of this API have no JSON schemas');
}

/** Builds the server; the caller listens and closes. */
export function buildApi(options: ApiOptions): FastifyInstance {
  const { links, warn, feed, now, behind } = options;
  const app = fastify({
    logger: false,
    // Bodies are checked with zod: the compilers of JSON schemas that Fastify would load take a tenth of a start.
    schemaController: { compilersFactory: { buildValidator: noSchemas, buildSerializer: noSchemas } },
    bodyLimit: BODY_BYTES_MAX,
    forceCloseConnections: true,
    exposeHeadRoutes: false,
    // A name is as long as a request line can be; `//proxies` is a base URL with a slash too many.
    routerOptions: { maxParamLength: NAME_LENGTH_MAX, ignoreDuplicateSlashes: true },
    frameworkErrors: (_error, _request, reply: FastifyReply) => {
      void reply.code(400).type('text/plain; charset=utf-8').send('400 Bad Request');
    },
  });

  // Toxiproxy reads JSON whatever the content type says, also where it is none.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('text/plain', { parseAs: 'string' }, (_request, text, done) => done(null, text));
  app.addHook('onRequest', async (request, reply) => {
    request.raw.headers['content-type'] = 'text/plain';
    if (request.is404) return;
    reply.header('x-toxiproxy-request-id', randomUUID());
    // A page in a browser must not be able to reach a proxy on loopback (Toxiproxy since 2.1.2).
    if (/^Mozilla\//.test(request.headers['user-agent'] ?? ''))
      await reply.code(403).type('text/plain; charset=utf-8').send('User agent not allowed\n');
  });
  app.addHook('preHandler', async (request, reply) => {
    if (Object.values(request.params as object).includes('')) return notFound(request, reply);
  });
  // Fastify adds a charset to JSON; Go does not, and a client may compare the whole of it.
  app.addHook('onSend', async (_request, reply) => {
    if (reply.getHeader('content-type') === 'application/json; charset=utf-8')
      reply.header('content-type', 'application/json');
  });
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    const status = error instanceof ApiError ? error.status : (error.statusCode ?? 500);
    // Go's http.Error sends errors as plain text, and clients have learned to read them so.
    void reply
      .code(status)
      .type('text/plain; charset=utf-8')
      .send(`${JSON.stringify({ error: messageOf(error), status })}\n`);
  });
  app.setNotFoundHandler(notFound);

  const find = (name: string): Link => {
    const link = links.get(name);
    if (link === undefined) throw new ApiError(404, 'proxy not found');
    return link;
  };
  app.get('/version', (_request, reply) =>
    reply.type('application/json;charset=utf-8').send(`{"version": "${TOXIPROXY_API_VERSION}"}\n`),
  );
  proxyRoutes(app, options, find);
  toxicRoutes(app, find, warn);
  eventRoute(app, feed);
  // The library of metrics is loaded when somebody asks for them: most hosts live for seconds and are never asked.
  let registry: Registry | undefined;
  app.get('/metrics', async (_request, reply) => {
    registry ??= (await import('./metrics.ts')).registryOf(links);
    return reply.type(registry.contentType).send(await registry.metrics());
  });
  // Whoever merges these events with others must know how this clock stands to theirs.
  app.get('/clock', () => ({ nowNs: now() }));
  const lift = async (): Promise<void> => {
    const toxiproxy = behind === undefined ? undefined : resetToxiproxy(behind, RESET_LIMIT_MS);
    await Promise.all([resetLinks(links.values()), toxiproxy]);
  };
  leaseRoute(app, lift, warn);
  return app;
}

/** Go's router answers another method on a known path with an empty body. */
function notFound({ url }: FastifyRequest, reply: FastifyReply): FastifyReply {
  const path = url.replace(/\?.*/, '').replaceAll(/\/+/g, '/');
  return PATH.test(path)
    ? reply.code(405).send()
    : reply.code(404).type('text/plain; charset=utf-8').send('404 page not found\n');
}
