/**
 * Toxiproxy's HTTP API (2.12) over our links: same paths, statuses, bodies and error texts, so that
 * its clients drive us without noticing; docs/toxiproxy.md lists where it differs. Beyond it: faults above
 * TCP, an event stream. It validates and translates; links do the work.
 */
import { randomUUID } from 'node:crypto';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { messageOf } from '../../model/errors.ts';
import type { EventFeed } from '../feed.ts';
import type { Link } from '../link.ts';
import { ApiError } from './body.ts';
import { type Proxies, proxyRoutes } from './proxies.ts';
import { toxicRoutes } from './toxics.ts';
import { eventRoute, metricsRoute } from './watch.ts';

/** The version whose API this is. */
export const TOXIPROXY_API_VERSION = '2.12.0';

export interface ApiOptions extends Proxies {
  feed: EventFeed;
}

/** Builds the server; the caller listens and closes. */
export function buildApi(options: ApiOptions): FastifyInstance {
  const { links, warn, feed } = options;
  const app = fastify({
    logger: false,
    bodyLimit: 1024 * 1024,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 1_000 },
  });

  // Toxiproxy reads JSON whatever the content type says.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => done(null, text));
  app.addHook('onRequest', async (request, reply) => {
    reply.header('x-toxiproxy-request-id', randomUUID());
    // A page in a browser must not be able to reach a proxy on loopback (Toxiproxy since 2.1.2).
    if (/^Mozilla\//.test(request.headers['user-agent'] ?? ''))
      await reply.code(403).type('text/plain; charset=utf-8').send('User agent not allowed\n');
  });
  app.setErrorHandler((error, _request, reply) => {
    const status = error instanceof ApiError ? error.status : 500;
    // Go's http.Error sends errors as plain text, and clients have learned to read them so.
    void reply
      .code(status)
      .type('text/plain; charset=utf-8')
      .send(`${JSON.stringify({ error: messageOf(error), status })}\n`);
  });
  app.setNotFoundHandler((_request, reply) => {
    void reply.code(404).type('text/plain; charset=utf-8').send('404 page not found\n');
  });

  const find = (name: string): Link => {
    const link = links.get(name);
    if (link === undefined) throw new ApiError(404, 'proxy not found');
    return link;
  };
  app.get('/version', (_request, reply) =>
    reply
      .type('application/json;charset=utf-8')
      .send(`${JSON.stringify({ version: TOXIPROXY_API_VERSION })}\n`),
  );
  proxyRoutes(app, options, find);
  toxicRoutes(app, find, warn);
  eventRoute(app, feed);
  metricsRoute(app, links);
  closeOtherMethods(app);
  return app;
}

/** A known path with another method is 405 with an empty body, as Go's router answers. */
function closeOtherMethods(app: FastifyInstance): void {
  const paths = [
    '/version',
    '/proxies',
    '/proxies/:proxy',
    '/populate',
    '/reset',
    '/proxies/:proxy/toxics',
    '/proxies/:proxy/toxics/:toxic',
  ];
  const refuse = (_request: unknown, reply: FastifyReply): FastifyReply => reply.code(405).send();
  for (const url of paths) {
    for (const method of ['GET', 'POST', 'PUT', 'PATCH', 'DELETE'] as const) {
      if (!app.hasRoute({ method, url })) app.route({ method, url, handler: refuse });
    }
  }
}
