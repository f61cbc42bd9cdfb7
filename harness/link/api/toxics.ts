/**
 * `/proxies/:proxy/toxics` as Toxiproxy has it; beside it `/faults` for faults above TCP, and `/shadows`
 * for those that somebody else injects and this link only attributes.
 */
import type { FastifyInstance } from 'fastify';
import { Fault } from '../../model/fault.ts';
import { validate } from '../../model/validate.ts';
import { resolveFault } from '../faults.ts';
import type { Link, ProtocolFaultSpec } from '../link.ts';
import type { Toxic, ToxicSpec, ToxicType } from '../toxic.ts';
import { TOXICS } from '../toxics/registry.ts';
import {
  ApiError,
  badBody,
  badIssue,
  FaultBody,
  read,
  refusable,
  ShadowBody,
  ToxicBody,
  ToxicChange,
} from './body.ts';
import { asGoReads } from './go-json.ts';
import { viewFault, viewToxic, viewToxics } from './view.ts';

interface ProxyParams {
  proxy: string;
}
interface ToxicParams extends ProxyParams {
  toxic: string;
}
interface FaultParams extends ProxyParams {
  fault: string;
}
type Warn = (text: string) => void;

export function toxicRoutes(app: FastifyInstance, find: (name: string) => Link, warn: Warn): void {
  app.get<{ Params: ProxyParams }>('/proxies/:proxy/toxics', ({ params }) => viewToxics(find(params.proxy)));

  app.post<{ Params: ProxyParams }>('/proxies/:proxy/toxics', ({ params, body }) => {
    const link = find(params.proxy);
    return viewToxic(link.addToxic(toxicSpec(read(ToxicBody, body, warn), link, warn)));
  });

  app.get<{ Params: ToxicParams }>('/proxies/:proxy/toxics/:toxic', ({ params }) =>
    viewToxic(findToxic(find(params.proxy), params.toxic)),
  );

  app.route<{ Params: ToxicParams }>({
    method: ['PATCH', 'POST'],
    url: '/proxies/:proxy/toxics/:toxic',
    handler: ({ params, body }) => {
      const link = find(params.proxy);
      const toxic = findToxic(link, params.toxic);
      const change = read(ToxicChange, body, () => {}); // clients send the whole toxic; the rest is ignored
      const changed = asGoReads(toxic.kind.attributes, change.attributes) as object; // as the schema names them
      link.updateToxic(toxic, {
        attributes: attributesOf(toxic.kind, { ...toxic.attributes, ...changed }, warn),
        toxicity: toxicity(change.toxicity ?? toxic.toxicity),
      });
      return viewToxic(toxic);
    },
  });

  app.delete<{ Params: ToxicParams }>('/proxies/:proxy/toxics/:toxic', ({ params }, reply) => {
    const link = find(params.proxy);
    link.removeToxic(findToxic(link, params.toxic));
    return reply.code(204).send();
  });

  app.get<{ Params: ProxyParams }>('/proxies/:proxy/faults', ({ params }) =>
    find(params.proxy).faults.map(viewFault),
  );

  app.post<{ Params: ProxyParams }>('/proxies/:proxy/faults', ({ params, body }, reply) => {
    const link = find(params.proxy);
    return reply.code(201).send(viewFault(link.addFault(faultSpec(read(FaultBody, body, warn), link))));
  });

  app.put<{ Params: FaultParams }>('/proxies/:proxy/shadows/:fault', ({ params, body }, reply) => {
    const { acts, ...fault } = read(ShadowBody, body, warn);
    find(params.proxy).shadow(params.fault, fault, acts);
    return reply.code(204).send();
  });

  app.delete<{ Params: FaultParams }>('/proxies/:proxy/shadows/:fault', ({ params }, reply) => {
    find(params.proxy).shadow(params.fault, null);
    return reply.code(204).send();
  });

  app.delete<{ Params: FaultParams }>('/proxies/:proxy/faults/:fault', ({ params }, reply) => {
    const link = find(params.proxy);
    const fault = link.faults.find(({ name }) => name === params.fault);
    if (fault === undefined) throw new ApiError(404, 'fault not found');
    link.removeFault(fault);
    return reply.code(204).send();
  });
}

/** The name that a toxic has: Toxiproxy's default where it is given none. */
export const nameOf = ({ name, type, stream }: ToxicBody): string =>
  name === '' ? `${type}_${stream}` : name;

/** Checks a toxic as a client asks for it. @throws ApiError in Toxiproxy's words where it has some */
export function toxicSpec(body: ToxicBody, link: Link, warn: Warn): ToxicSpec {
  const stream = body.stream.toLowerCase();
  if (stream !== 'upstream' && stream !== 'downstream')
    throw new ApiError(400, 'stream was invalid, can be either upstream or downstream');
  const kind = TOXICS.get(body.type);
  if (kind === undefined) throw new ApiError(400, 'invalid toxic type');
  const { match, times, expiresMs } = body;
  const name = nameOf(body);
  if (link.toxics.some((toxic) => toxic.name === name)) throw new ApiError(409, 'toxic already exists');
  const attributes = attributesOf(kind, body.attributes, warn);
  // Once more through the door that scenarios use: a match that fits no toxic is refused there.
  refusable(() =>
    resolveFault(Fault.parse({ type: body.type, attributes, match, times }), name, 'tcp', `toxic ${name}`),
  );
  return {
    name,
    kind,
    stream,
    streamAsGiven: body.stream,
    toxicity: toxicity(body.toxicity),
    attributes,
    match,
    times,
    expiresMs,
  };
}

/** Checks a fault above TCP. @throws ApiError 400, 409 */
export function faultSpec(body: FaultBody, link: Link): ProtocolFaultSpec {
  const { name, ...rest } = body;
  if (link.faults.some((fault) => fault.name === name)) throw new ApiError(409, 'fault already exists');
  const armable = refusable(() => resolveFault(validate(Fault, rest, 'fault'), name, link.protocol, 'fault'));
  if (armable.plane !== 'protocol')
    throw new ApiError(400, 'only faults above TCP live here; toxics are under /toxics');
  return armable.fault;
}

function findToxic(link: Link, name: string): Toxic {
  const toxic = link.toxics.find((candidate) => candidate.name === name);
  if (toxic === undefined) throw new ApiError(404, 'toxic not found');
  return toxic;
}

function toxicity(value: number): number {
  if (value < 0 || value > 1) throw badBody('toxicity must be from 0 to 1');
  return value;
}

function attributesOf(kind: ToxicType, given: Record<string, unknown>, warn: Warn): Record<string, unknown> {
  const parsed = kind.attributes.safeParse(asGoReads(kind.attributes, given));
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  if (issue?.code === 'unrecognized_keys') {
    // Toxiproxy takes unknown attributes in silence; a client must not notice us, a person should.
    warn(`toxic ${kind.type}: unknown attribute ${issue.keys.join(', ')} ignored`);
    const known = Object.entries(given).filter(([key]) => !issue.keys.includes(key));
    return attributesOf(kind, Object.fromEntries(known), warn);
  }
  throw badIssue(parsed.error);
}
