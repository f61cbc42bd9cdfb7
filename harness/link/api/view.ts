/** Links, toxics and faults as the API shows them: Toxiproxy's fields, in its order, and ours behind them. */
import { formatAddress } from '../address.ts';
import { BLACK_HOLE, type Link } from '../link.ts';
import type { ProtocolFault } from '../protocol-fault.ts';
import type { Toxic } from '../toxic.ts';

export function viewLink(link: Link): object {
  return {
    name: link.name,
    listen: formatAddress(link.listen),
    upstream: formatAddress(link.upstream),
    enabled: link.enabled,
    toxics: viewToxics(link),
    ...(link.protocol === 'tcp' ? {} : { protocol: link.protocol }),
    // That a proxy is down is what `enabled: false` says to every client.
    ...(link.closed === BLACK_HOLE ? { closed: link.closed } : {}),
    ...(link.upstream.tls === undefined ? {} : { tls: link.upstream.tls }),
    ...(link.faults.length === 0 ? {} : { faults: link.faults.map(viewFault) }),
  };
}

/** Upstream ones first, each direction in order of creation, as Toxiproxy keeps them. */
export function viewToxics({ toxics }: Link): object[] {
  const of = (stream: Toxic['stream']): Toxic[] => toxics.filter((toxic) => toxic.stream === stream);
  return [...of('upstream'), ...of('downstream')].map(viewToxic);
}

export function viewToxic(toxic: Toxic): object {
  const { attributes, name, kind, streamAsGiven, toxicity, match, times, expiresMs } = toxic;
  return {
    attributes,
    name,
    type: kind.type,
    stream: streamAsGiven,
    toxicity,
    ...(Object.keys(match).length === 0 ? {} : { match }),
    ...(times === undefined ? {} : { times }),
    ...(expiresMs === undefined ? {} : { expiresMs }),
  };
}

export function viewFault({ name, spec, chooser }: ProtocolFault): object {
  return { name, ...spec, hits: chooser.hits };
}
