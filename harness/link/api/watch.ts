/** `GET /events`: what links see, as server-sent events. `GET /metrics`: what has passed them, for Prometheus. */
import type { FastifyInstance } from 'fastify';
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { formatAddress } from '../address.ts';
import type { Counters } from '../counters.ts';
import type { EventFeed, LinkEvent } from '../feed.ts';
import type { Link } from '../link.ts';

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

/** Toxiproxy's two counters, which here move while connections live, and what it has no counter for. */
export function metricsRoute(app: FastifyInstance, links: ReadonlyMap<string, Link>): void {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const labels = (link: Link) => ({
    proxy: link.name,
    listener: formatAddress(link.listen),
    upstream: formatAddress(link.upstream),
  });
  const bytes = (name: string, help: string, up: keyof Counters, down: keyof Counters): void => {
    new Counter({
      name,
      help,
      labelNames: ['direction', 'proxy', 'listener', 'upstream'],
      registers: [registry],
      collect() {
        this.reset();
        for (const link of links.values()) {
          this.inc({ direction: 'upstream', ...labels(link) }, link.counters[up]);
          this.inc({ direction: 'downstream', ...labels(link) }, link.counters[down]);
        }
      },
    });
  };
  bytes('toxiproxy_proxy_received_bytes_total', 'Bytes received by a proxy', 'upstreamIn', 'downstreamIn');
  bytes('toxiproxy_proxy_sent_bytes_total', 'Bytes sent by a proxy', 'upstreamOut', 'downstreamOut');
  new Counter({
    name: 'tripcurve_link_connections_total',
    help: 'Connections accepted; state refused: the dependency did not accept the dial',
    labelNames: ['state', 'proxy', 'listener', 'upstream'],
    registers: [registry],
    collect() {
      this.reset();
      for (const link of links.values()) {
        this.inc({ state: 'accepted', ...labels(link) }, link.counters.connections);
        this.inc({ state: 'refused', ...labels(link) }, link.counters.refused);
      }
    },
  });
  new Gauge({
    name: 'tripcurve_link_open_connections',
    help: 'Connections open now',
    labelNames: ['proxy', 'listener', 'upstream'],
    registers: [registry],
    collect() {
      this.reset();
      for (const link of links.values()) this.set(labels(link), link.counters.open);
    },
  });
  app.get('/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  );
}
