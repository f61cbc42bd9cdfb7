/** `/proxies`, `/populate` and `/reset`: links as Toxiproxy's clients make, change and remove them. */
import { lookup } from 'node:dns/promises';
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Address, Upstream } from '../address.ts';
import { formatAddress } from '../address.ts';
import type { Link, Protocol } from '../link.ts';
import { ApiError, binding, listenAddress, ProxyBody, ProxyChange, read, upstreamAddress } from './body.ts';
import { faultSpec, toxicSpec } from './toxics.ts';
import { viewLink } from './view.ts';

/** The links there are, and how one is made. */
export interface Proxies {
  readonly links: Map<string, Link>;
  /** Makes a link that is not yet enabled. */
  makeLink(name: string, listen: Address, upstream: Upstream, protocol: Protocol): Link;
  warn(text: string): void;
}

interface ProxyParams {
  proxy: string;
}

export function proxyRoutes(app: FastifyInstance, proxies: Proxies, find: (name: string) => Link): void {
  const { links } = proxies;
  app.get('/proxies', () =>
    Object.fromEntries([...links.values()].map((link) => [link.name, viewLink(link)])),
  );

  app.post('/proxies', async ({ body: text }, reply) => {
    const body = read(ProxyBody, text, proxies.warn);
    if (body.name === '') throw new ApiError(400, 'missing required field: name');
    if (body.upstream === '') throw new ApiError(400, 'missing required field: upstream');
    if (links.has(body.name)) throw new ApiError(409, 'proxy already exists');
    return reply.code(201).send(viewLink(await createProxy(proxies, body)));
  });

  app.get<{ Params: ProxyParams }>('/proxies/:proxy', ({ params }) => viewLink(find(params.proxy)));

  app.route<{ Params: ProxyParams }>({
    method: ['PATCH', 'POST'],
    url: '/proxies/:proxy',
    handler: async ({ params, body }) => {
      const link = find(params.proxy);
      const change = read(ProxyChange, body, () => {}); // clients send the whole proxy; the rest is ignored
      const listen = change.listen === undefined ? link.listen : listenAddress(change.listen);
      const upstream = change.upstream === undefined ? link.upstream : upstreamAddress(change.upstream);
      const moved =
        !(await sameAddress(listen, link.listen)) || formatAddress(upstream) !== formatAddress(link.upstream);
      if (moved) await binding(listen, () => link.move(listen, { ...link.upstream, ...upstream }));
      if (change.enabled === false && (link.enabled || link.closed !== change.closed))
        await binding(listen, () => link.cut(change.closed, change.expiresMs));
      if (change.enabled === true && !link.enabled) await binding(listen, () => link.restore());
      return viewLink(link);
    },
  });

  app.delete<{ Params: ProxyParams }>('/proxies/:proxy', async ({ params }, reply) => {
    const link = find(params.proxy);
    links.delete(link.name);
    await link.dispose();
    return reply.code(204).send();
  });

  app.post('/populate', async ({ body: text }, reply) => {
    const bodies = read(z.array(ProxyBody), text, proxies.warn);
    const made: object[] = [];
    try {
      await populate(proxies, bodies, (link) => made.push(viewLink(link)));
    } catch (error) {
      // Here, unlike everywhere else, Toxiproxy's errors are JSON and tell what was made before.
      if (!(error instanceof ApiError)) throw error;
      return reply
        .code(error.status)
        .type('application/json')
        .send({ error: error.message, status: error.status, proxies: made.length === 0 ? null : made });
    }
    return reply.code(201).send({ proxies: made });
  });

  app.post('/reset', async (_request, reply) => {
    for (const link of links.values()) {
      for (const toxic of [...link.toxics]) link.removeToxic(toxic);
      for (const fault of [...link.faults]) link.removeFault(fault);
      if (!link.enabled) await binding(link.listen, () => link.restore());
    }
    return reply.code(204).send();
  });
}

/**
 * Makes what is not there, replaces what differs, and leaves alone what is the same.
 * @throws ApiError at the first that cannot be; those before it stay.
 */
export async function populate(
  proxies: Proxies,
  bodies: readonly ProxyBody[],
  onMade: (link: Link) => void,
): Promise<void> {
  for (const [index, body] of bodies.entries()) {
    if (body.name === '') throw new ApiError(400, `missing required field: name at proxy ${index + 1}`);
    if (body.upstream === '')
      throw new ApiError(400, `missing required field: upstream at proxy ${index + 1}`);
  }
  for (const body of bodies) onMade(await replaceProxy(proxies, body));
}

/** Makes a link with all its faults armed before it accepts its first connection. */
async function createProxy({ links, makeLink, warn }: Proxies, body: ProxyBody): Promise<Link> {
  const listen = listenAddress(body.listen);
  const upstream = {
    ...upstreamAddress(body.upstream),
    ...(body.tls === undefined ? {} : { tls: body.tls }),
  };
  const link = makeLink(body.name, listen, upstream, body.protocol);
  for (const toxic of body.toxics) link.addToxic(toxicSpec(toxic, warn));
  for (const fault of body.faults) link.addFault(faultSpec(fault, body.protocol));
  try {
    if (body.enabled) await binding(listen, () => link.enable());
  } catch (error) {
    await link.dispose(); // the leases of what was armed must not outlive it
    throw error;
  }
  links.set(link.name, link);
  return link;
}

async function replaceProxy(proxies: Proxies, body: ProxyBody): Promise<Link> {
  const present = proxies.links.get(body.name);
  if (present === undefined) return createProxy(proxies, body);
  const same =
    formatAddress(present.upstream) === formatAddress(upstreamAddress(body.upstream)) &&
    (body.listen === '' || (await sameAddress(listenAddress(body.listen), present.listen)));
  if (!same) {
    proxies.links.delete(body.name);
    await present.dispose();
    return createProxy(proxies, body);
  }
  if (body.enabled !== present.enabled)
    await (body.enabled ? binding(present.listen, () => present.restore()) : present.cut());
  for (const toxic of body.toxics) {
    const spec = toxicSpec(toxic, proxies.warn);
    if (!present.toxics.some(({ name }) => name === spec.name)) present.addToxic(spec);
  }
  return present;
}

/** Whether two addresses are one: `localhost` is where it resolves to (Toxiproxy since 2.12, #631). */
async function sameAddress(a: Address, b: Address): Promise<boolean> {
  if (a.port !== b.port && a.port !== 0) return false;
  if (a.host === b.host) return true;
  const resolved = await Promise.all([a, b].map(({ host }) => lookup(host).catch(() => ({ address: host }))));
  return resolved[0]?.address === resolved[1]?.address;
}
