/** `GET /events`: what links see, as server-sent events. */
import type { FastifyInstance } from 'fastify';
import type { EventFeed, LinkEvent } from '../feed.ts';

/** Bytes that wait for a listener that does not read; what comes beyond is counted and left out. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

/** A comment this often keeps proxies and clients from taking a quiet stream for a dead one. */
const KEEP_ALIVE_MS = 15_000;

export function eventRoute(app: FastifyInstance, feed: EventFeed): void {
  app.get<{ Querystring: { proxy?: string; kind?: string } }>('/events', ({ query }, reply) => {
    reply.hijack();
    const { raw } = reply;
    raw.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    raw.write(': what links see; times are nanoseconds of one monotonic clock\n\n');
    let id = 0;
    let lost = 0;
    const send = (kind: string, data: object): void => {
      raw.write(`id: ${++id}\nevent: ${kind}\ndata: ${JSON.stringify(data)}\n\n`);
    };
    const unsubscribe = feed.subscribe((event: LinkEvent) => {
      if (query.kind !== undefined && query.kind !== event.kind) return;
      if (query.proxy !== undefined && (!('link' in event) || event.link !== query.proxy)) return;
      if (raw.writableLength > WAITING_BYTES_MAX) {
        lost++;
        return;
      }
      if (lost > 0) send('lost', { events: lost });
      lost = 0;
      send(event.kind, event);
    });
    const keepAlive = setInterval(() => raw.write(': \n\n'), KEEP_ALIVE_MS);
    raw.on('close', () => {
      clearInterval(keepAlive);
      unsubscribe();
    });
  });
}
