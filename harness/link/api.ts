/**
 * Toxiproxy's HTTP API (2.12) over our links: same paths, statuses, bodies and error texts, so that
 * its clients drive us without noticing. Beyond it: `/proxies/:name/faults` for protocol faults.
 * It validates and translates; links do the work.
 */
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { z } from 'zod';
import { messageOf, UsageError } from '../model/errors.ts';
import { Fault } from '../model/fault.ts';
import { pathText, validate } from '../model/validate.ts';
import { formatAddress, parseAddress } from './address.ts';
import { resolveFault } from './faults.ts';
import type { Address, Link, Protocol } from './link.ts';
import type { Toxic, ToxicType } from './toxic.ts';
import { TOXICS } from './toxics/registry.ts';

/** The version whose API this is. */
export const TOXIPROXY_API_VERSION = '2.12.0';

export interface ApiOptions {
  links: Map<string, Link>;
  /** Makes a link that is not yet enabled. */
  makeLink(name: string, listen: Address, upstream: Address, protocol: Protocol): Link;
  warn(text: string): void;
}

/** An error with a status, in Toxiproxy's shape. */
class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

const badBody = (why: string): ApiError => new ApiError(400, `bad request body: ${why}`);

const ProxyBody = z.object({
  name: z.string().default(''),
  upstream: z.string().default(''),
  listen: z.string().default(''),
  enabled: z.boolean().default(true),
  protocol: z.enum(['http', 'postgres', 'tcp']).default('tcp'),
});
const ProxyChange = z.object({
  listen: z.string().optional(),
  upstream: z.string().optional(),
  enabled: z.boolean().optional(),
});
const ToxicBody = z.object({
  name: z.string().default(''),
  type: z.string().default(''),
  stream: z.string().default('downstream'),
  toxicity: z.number().default(1),
  attributes: z.record(z.string(), z.unknown()).default({}),
});
const ToxicChange = z.object({
  toxicity: z.number().optional(),
  attributes: z.record(z.string(), z.unknown()).default({}),
});

/** Builds the server; the caller listens and closes. */
export function buildApi(options: ApiOptions): FastifyInstance {
  const { links } = options;
  const app = fastify({ logger: false, bodyLimit: 1024 * 1024, forceCloseConnections: true });

  // Toxiproxy reads JSON whatever the content type says.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => done(null, text));
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

  app.get('/version', () => ({ version: TOXIPROXY_API_VERSION }));
  app.get('/proxies', () => Object.fromEntries([...links.values()].map((link) => [link.name, view(link)])));

  app.post('/proxies', async (request, reply) => {
    const body = read(ProxyBody, request.body);
    if (body.name === '') throw new ApiError(400, 'missing required field: name');
    if (body.upstream === '') throw new ApiError(400, 'missing required field: upstream');
    if (links.has(body.name)) throw new ApiError(409, 'proxy already exists');
    const link = await create(body);
    return reply.code(201).send(view(link));
  });

  app.get<{ Params: ProxyParams }>('/proxies/:proxy', (request) => view(find(request.params.proxy)));

  const update = async (name: string, given: unknown): Promise<object> => {
    const link = find(name);
    const change = read(ProxyChange, given);
    const listen = change.listen === undefined ? link.listen : address(change.listen);
    const upstream = change.upstream === undefined ? link.upstream : address(change.upstream);
    const moved =
      formatAddress(listen) !== formatAddress(link.listen) ||
      formatAddress(upstream) !== formatAddress(link.upstream);
    if (moved) await bind(() => link.move(listen, upstream));
    if (change.enabled === false && link.enabled) await link.cut();
    if (change.enabled === true && !link.enabled) await bind(() => link.restore());
    return view(link);
  };
  app.patch<{ Params: ProxyParams }>('/proxies/:proxy', (request) =>
    update(request.params.proxy, request.body),
  );
  app.post<{ Params: ProxyParams }>('/proxies/:proxy', (request) =>
    update(request.params.proxy, request.body),
  );

  app.delete<{ Params: ProxyParams }>('/proxies/:proxy', async (request, reply) => {
    const link = find(request.params.proxy);
    links.delete(link.name);
    await link.disable();
    return reply.code(204).send();
  });

  app.post('/populate', async (request, reply) => {
    const bodies = read(z.array(ProxyBody), request.body);
    for (const [index, body] of bodies.entries()) {
      if (body.name === '') throw new ApiError(400, `missing required field: name at proxy ${index + 1}`);
      if (body.upstream === '')
        throw new ApiError(400, `missing required field: upstream at proxy ${index + 1}`);
    }
    const proxies = [];
    for (const body of bodies) proxies.push(view(await replace(body)));
    return reply.code(201).send({ proxies });
  });

  app.post('/reset', async (_request, reply) => {
    for (const link of links.values()) {
      for (const toxic of [...link.toxics]) link.removeToxic(toxic);
      for (const fault of [...link.httpFaults]) link.removeHttpFault(fault);
      if (!link.enabled) await bind(() => link.restore());
    }
    return reply.code(204).send();
  });

  app.get<{ Params: ProxyParams }>('/proxies/:proxy/toxics', (request) =>
    find(request.params.proxy).toxics.map(viewToxic),
  );

  app.post<{ Params: ProxyParams }>('/proxies/:proxy/toxics', (request) => {
    const link = find(request.params.proxy);
    const body = read(ToxicBody, request.body);
    const stream = body.stream.toLowerCase();
    if (stream !== 'upstream' && stream !== 'downstream') {
      throw new ApiError(400, 'stream was invalid, can be either upstream or downstream');
    }
    const kind = TOXICS.get(body.type);
    if (kind === undefined) throw new ApiError(400, 'invalid toxic type');
    const name = body.name === '' ? `${body.type}_${body.stream}` : body.name;
    if (link.toxics.some((toxic) => toxic.name === name)) throw new ApiError(409, 'toxic already exists');
    const toxic: Toxic = {
      name,
      kind,
      stream,
      toxicity: toxicity(body.toxicity),
      attributes: attributesOf(kind, body.attributes),
    };
    link.addToxic(toxic);
    return viewToxic(toxic);
  });

  app.get<{ Params: ToxicParams }>('/proxies/:proxy/toxics/:toxic', (request) =>
    viewToxic(findToxic(find(request.params.proxy), request.params.toxic)),
  );

  const updateToxic = (params: ToxicParams, given: unknown): object => {
    const link = find(params.proxy);
    const toxic = findToxic(link, params.toxic);
    const change = read(ToxicChange, given);
    link.updateToxic(toxic, {
      attributes: attributesOf(toxic.kind, { ...toxic.attributes, ...change.attributes }),
      toxicity: toxicity(change.toxicity ?? toxic.toxicity),
    });
    return viewToxic(toxic);
  };
  app.patch<{ Params: ToxicParams }>('/proxies/:proxy/toxics/:toxic', (request) =>
    updateToxic(request.params, request.body),
  );
  app.post<{ Params: ToxicParams }>('/proxies/:proxy/toxics/:toxic', (request) =>
    updateToxic(request.params, request.body),
  );

  app.delete<{ Params: ToxicParams }>('/proxies/:proxy/toxics/:toxic', async (request, reply) => {
    const link = find(request.params.proxy);
    link.removeToxic(findToxic(link, request.params.toxic));
    return reply.code(204).send();
  });

  app.get<{ Params: ProxyParams }>('/proxies/:proxy/faults', (request) =>
    find(request.params.proxy).httpFaults.map(viewFault),
  );

  app.post<{ Params: ProxyParams }>('/proxies/:proxy/faults', (request, reply) => {
    const link = find(request.params.proxy);
    const body = read(z.looseObject({ name: z.string().min(1) }), request.body);
    const { name, ...rest } = body;
    if (link.httpFaults.some((fault) => fault.name === name)) throw new ApiError(409, 'fault already exists');
    const armable = refusable(() =>
      resolveFault(validate(Fault, rest, 'fault'), name, link.protocol, 'fault'),
    );
    if (armable.plane !== 'http')
      throw new ApiError(400, 'only protocol faults live here; toxics are under /toxics');
    link.addHttpFault(armable.fault);
    return reply.code(201).send(viewFault(armable.fault));
  });

  app.delete<{ Params: FaultParams }>('/proxies/:proxy/faults/:fault', async (request, reply) => {
    const link = find(request.params.proxy);
    const fault = link.httpFaults.find((candidate) => candidate.name === request.params.fault);
    if (fault === undefined) throw new ApiError(404, 'fault not found');
    link.removeHttpFault(fault);
    return reply.code(204).send();
  });

  closeOtherMethods(app);
  return app;

  function find(name: string): Link {
    const link = links.get(name);
    if (link === undefined) throw new ApiError(404, 'proxy not found');
    return link;
  }

  async function create(body: z.infer<typeof ProxyBody>): Promise<Link> {
    const listen = body.listen === '' ? { host: '127.0.0.1', port: 0 } : address(body.listen);
    const link = options.makeLink(body.name, listen, address(body.upstream), body.protocol);
    if (body.enabled) await bind(() => link.enable());
    links.set(link.name, link);
    return link;
  }

  /** As /populate wants it: the same proxy stays as it is, another one takes its place. */
  async function replace(body: z.infer<typeof ProxyBody>): Promise<Link> {
    const present = links.get(body.name);
    if (present === undefined) return create(body);
    const same =
      formatAddress(present.upstream) === body.upstream &&
      (body.listen === '' || formatAddress(present.listen) === body.listen);
    if (!same) {
      links.delete(body.name);
      await present.disable();
      return create(body);
    }
    if (body.enabled !== present.enabled)
      await (body.enabled ? bind(() => present.restore()) : present.cut());
    return present;
  }

  function attributesOf(kind: ToxicType, given: Record<string, unknown>): Record<string, unknown> {
    const parsed = kind.attributes.safeParse(given);
    if (parsed.success) return parsed.data;
    const [issue] = parsed.error.issues;
    if (issue?.code === 'unrecognized_keys') {
      // Toxiproxy takes unknown attributes in silence; a client must not notice us, a person should.
      options.warn(`toxic ${kind.type}: unknown attribute ${issue.keys.join(', ')} ignored`);
      return attributesOf(
        kind,
        Object.fromEntries(Object.entries(given).filter(([key]) => !issue.keys.includes(key))),
      );
    }
    throw badBody(`${pathText(issue?.path ?? [])}: ${issue?.message ?? 'not valid'}`);
  }
}

interface ProxyParams {
  proxy: string;
}
interface ToxicParams extends ProxyParams {
  toxic: string;
}
interface FaultParams extends ProxyParams {
  fault: string;
}

function read<S extends z.ZodType>(schema: S, body: unknown): z.output<S> {
  let value: unknown;
  try {
    value = JSON.parse(typeof body === 'string' ? body : '');
  } catch (error) {
    throw badBody(messageOf(error));
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw badBody(`${pathText(issue?.path ?? [])}: ${issue?.message ?? 'not valid'}`);
}

/** Turns a complaint about user data into a 400. */
function refusable<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof UsageError) throw new ApiError(400, error.message);
    throw error;
  }
}

/** Turns a failed bind into Toxiproxy's 500 with the system's reason. */
async function bind(act: () => Promise<void>): Promise<void> {
  try {
    await act();
  } catch (error) {
    throw new ApiError(500, messageOf(error));
  }
}

function address(text: string): Address {
  try {
    return parseAddress(text);
  } catch (error) {
    throw new ApiError(500, messageOf(error));
  }
}

function toxicity(value: number): number {
  if (value < 0 || value > 1) throw badBody('toxicity must be from 0 to 1');
  return value;
}

function findToxic(link: Link, name: string): Toxic {
  const toxic = link.toxics.find((candidate) => candidate.name === name);
  if (toxic === undefined) throw new ApiError(404, 'toxic not found');
  return toxic;
}

function view(link: Link): object {
  return {
    name: link.name,
    listen: formatAddress(link.listen),
    upstream: formatAddress(link.upstream),
    enabled: link.enabled,
    toxics: link.toxics.map(viewToxic),
  };
}

function viewToxic({ name, kind, stream, toxicity, attributes }: Toxic): object {
  return { attributes, name, type: kind.type, stream, toxicity };
}

function viewFault({ name, spec, left }: Link['httpFaults'][number]): object {
  return { name, ...spec, left: Number.isFinite(left) ? left : null };
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
