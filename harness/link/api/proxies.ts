/** `/proxies`, `/populate` and `/reset`: links as Toxiproxy's clients make, change and remove them. */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import type { Address, Upstream } from '../address.ts';
import { formatAddress } from '../address.ts';
import { DOWN, type Link, type Protocol } from '../link.ts';
import { ApiError, binding, listenAddress, ProxyBody, ProxyChange, read, upstreamAddress } from './body.ts';
import { faultSpec, nameOf, toxicSpec } from './toxics.ts';
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
    return reply.code(201).send(viewLink(await createProxy(proxies, body)));
  });

  app.get<{ Params: ProxyParams }>('/proxies/:proxy', ({ params }) => viewLink(find(params.proxy)));

  app.route<{ Params: ProxyParams }>({
    method: ['PATCH', 'POST'],
    url: '/proxies/:proxy',
    handler: async ({ params, body }) => {
      const link = find(params.proxy);
      const change = read(ProxyChange, body, () => {}); // clients send the whole proxy; the rest is ignored
      const listen = change.listen === undefined ? link.listen : await listenAddress(change.listen, '');
      const upstream = change.upstream === undefined ? link.upstream : upstreamAddress(change.upstream);
      const how = change.closed ?? link.closed ?? DOWN;
      // Before it moves: what is to be disabled need not come up in its new place first.
      if (change.enabled === false && (link.enabled || how !== link.closed || change.expiresMs !== undefined))
        await binding(link.listen, () => link.cut(how, change.expiresMs));
      if (!isSame(listen, link.listen) || formatAddress(upstream) !== formatAddress(link.upstream))
        await binding(listen, () => link.move(listen, { ...link.upstream, ...upstream }));
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
    const made: object[] = [];
    try {
      const bodies = read(z.array(ProxyBody), text, proxies.warn);
      await populate(proxies, bodies, (link) => made.push(viewLink(link)));
    } catch (error) {
      // Here, unlike everywhere else, Toxiproxy's errors are JSON and tell what was made before.
      if (!(error instanceof ApiError)) throw error;
      return reply
        .code(error.status)
        .type('application/json')
        .send({ error: error.message, status: error.status, proxies: orNull(made) });
    }
    return reply.code(201).send({ proxies: orNull(made) });
  });

  app.post('/reset', async (_request, reply) => {
    await resetLinks(links.values());
    return reply.code(204).send();
  });
}

/** Lifts every fault. One that cannot come up is told, and keeps no other from being reset. @throws ApiError */
export async function resetLinks(links: Iterable<Link>): Promise<void> {
  const failures: unknown[] = [];
  for (const link of [...links]) {
    for (const toxic of [...link.toxics]) link.removeToxic(toxic);
    for (const fault of [...link.faults]) link.removeFault(fault);
    for (const name of link.shadows) link.shadow(name, null);
    if (!link.enabled)
      await binding(link.listen, () => link.restore()).catch((error: unknown) => failures.push(error));
  }
  if (failures.length > 0) throw failures[0];
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

/** What Go writes for a list without entries. */
const orNull = (made: readonly object[]): readonly object[] | null => (made.length === 0 ? null : made);

/**
 * Makes a link with all its faults armed before it accepts its first connection.
 * @param replaced is taken away first, for its place may be wanted
 */
async function createProxy(
  { links, makeLink, warn }: Proxies,
  body: ProxyBody,
  replaced?: Link,
): Promise<Link> {
  const { protocol = 'tcp' } = body;
  const listen = await listenAddress(body.listen, replaced === undefined ? undefined : '');
  const upstream = {
    ...upstreamAddress(body.upstream),
    ...(body.tls === undefined ? {} : { tls: body.tls }),
  };
  const link = makeLink(body.name, listen, upstream, protocol);
  try {
    for (const toxic of body.toxics) link.addToxic(toxicSpec(toxic, link, warn));
    for (const fault of body.faults) link.addFault(faultSpec(fault, link));
    // The name is taken from here on: a second request for it must not come up beside this one.
    if (links.get(body.name) !== replaced) throw new ApiError(409, 'proxy already exists');
    links.set(link.name, link);
    await replaced?.dispose();
    if (body.enabled) await binding(listen, () => link.enable());
  } catch (error) {
    if (links.get(link.name) === link) links.delete(link.name);
    await link.dispose(); // the leases of what was armed must not outlive it
    throw error;
  }
  return link;
}

async function replaceProxy(proxies: Proxies, body: ProxyBody): Promise<Link> {
  const present = proxies.links.get(body.name);
  if (present === undefined) return createProxy(proxies, body);
  const isUnchanged =
    formatAddress(present.upstream) === formatAddress(upstreamAddress(body.upstream)) &&
    (body.listen === '' || isSame(await listenAddress(body.listen, ''), present.listen)) &&
    (body.protocol === undefined || body.protocol === present.protocol) &&
    (body.tls === undefined || JSON.stringify(body.tls) === JSON.stringify(present.upstream.tls));
  if (!isUnchanged) return createProxy(proxies, body, present);
  if (body.enabled !== present.enabled)
    await binding(present.listen, () => (body.enabled ? present.restore() : present.cut()));
  for (const toxic of body.toxics) {
    if (!present.toxics.some(({ name }) => name === nameOf(toxic)))
      present.addToxic(toxicSpec(toxic, present, proxies.warn));
  }
  for (const fault of body.faults) {
    if (!present.faults.some(({ name }) => name === fault.name)) present.addFault(faultSpec(fault, present));
  }
  return present;
}

/** Whether a listener at `is` will do for one who asks for `asked`; port 0 asks for any. */
function isSame(asked: Address, is: Address): boolean {
  return asked.host === is.host && (asked.port === 0 || asked.port === is.port);
}
