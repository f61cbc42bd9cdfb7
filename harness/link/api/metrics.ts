/** What has passed the links, for Prometheus. */
import { Counter, collectDefaultMetrics, Gauge, Registry } from 'prom-client';
import { formatAddress } from '../address.ts';
import type { Counters } from '../counters.ts';
import type { Link } from '../link.ts';

/** Toxiproxy's two counters, which here move while connections live, and what it has no counter for. */
export function registryOf(links: ReadonlyMap<string, Link>): Registry {
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
  return registry;
}
