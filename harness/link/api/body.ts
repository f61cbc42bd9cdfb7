/** Reads request bodies as Toxiproxy does, and says what is wrong with them in its shape. */
import { lookup } from 'node:dns/promises';
import net from 'node:net';
import { z } from 'zod';
import { messageOf, UsageError } from '../../model/errors.ts';
import { Fault, Match } from '../../model/fault.ts';
import { pathText } from '../../model/validate.ts';
import type { Address } from '../address.ts';
import { AddressError, parseAddress } from '../address.ts';
import { asGoReads, parseFirst } from './go-json.ts';

/** An error with a status, in Toxiproxy's shape. */
export class ApiError extends Error {
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** 400 as Toxiproxy words it. */
export const badBody = (why: string): ApiError => new ApiError(400, `bad request body: ${why}`);

/** 400 with what a schema has to say. */
export function badIssue({ issues: [issue] }: z.ZodError): ApiError {
  const where = pathText(issue?.path ?? []);
  return badBody(`${where === '' ? '' : `${where}: `}${issue?.message ?? 'not valid'}`);
}

const Tls = z.union([
  z.literal(true).transform(() => ({})),
  z.strictObject({ servername: z.string().optional(), ca: z.string().optional() }),
]);

export const ToxicBody = z.object({
  name: z.string().default(''),
  type: z.string().default(''),
  stream: z.string().default('downstream'),
  toxicity: z.number().default(1),
  attributes: z.record(z.string(), z.unknown()).default({}),
  // Beyond Toxiproxy.
  match: Match.optional(),
  times: Fault.shape.times,
  expiresMs: Fault.shape.expiresMs,
});
export type ToxicBody = z.infer<typeof ToxicBody>;

export const ToxicChange = z.object({
  toxicity: z.number().optional(),
  attributes: z.record(z.string(), z.unknown()).default({}),
});

/** A fault with the name it shall have. */
export const FaultBody = Fault.extend({ name: z.string().min(1) });
export type FaultBody = z.infer<typeof FaultBody>;

/** A fault that somebody else injects; see Link.shadow. */
export const ShadowBody = Fault.extend({ acts: z.boolean().default(true) });

export const ProxyBody = z.object({
  name: z.string().default(''),
  upstream: z.string().default(''),
  listen: z.string().default(''),
  enabled: z.boolean().default(true),
  // Beyond Toxiproxy: what the link reads, TLS to the dependency, and faults that are armed before it listens.
  protocol: z.enum(['http', 'postgres', 'tcp']).optional(),
  tls: Tls.optional(),
  toxics: z.array(ToxicBody).default([]),
  faults: z.array(FaultBody).default([]),
});
export type ProxyBody = z.infer<typeof ProxyBody>;

export const ProxyChange = z.object({
  listen: z.string().optional(),
  upstream: z.string().optional(),
  enabled: z.boolean().optional(),
  /** Beyond Toxiproxy: how a disabled proxy turns connections away (`down` unless told), and for how long. */
  closed: z.enum(['down', 'black_hole']).optional(),
  expiresMs: Fault.shape.expiresMs,
});

/** Parses a body. Keys that the schema does not know are ignored as Toxiproxy ignores them, but told. */
export function read<S extends z.ZodType>(
  schema: S,
  body: unknown,
  warn: (text: string) => void,
): z.output<S> {
  let value: unknown;
  try {
    value = asGoReads(schema, parseFirst(typeof body === 'string' ? body : ''));
  } catch (error) {
    throw badBody(body === '' || body === undefined ? 'EOF' : messageOf(error));
  }
  const parsed = schema.safeParse(value);
  if (!parsed.success) {
    throw badIssue(parsed.error);
  }
  for (const key of unknownKeys(schema, value)) warn(`unknown key "${key}" ignored`);
  return parsed.data;
}

function unknownKeys(schema: z.ZodType, value: unknown): string[] {
  if (schema instanceof z.ZodArray) {
    const { element } = schema;
    return Array.isArray(value) && element instanceof z.ZodType
      ? value.flatMap((item) => unknownKeys(element, item))
      : [];
  }
  if (!(schema instanceof z.ZodObject) || value === null || typeof value !== 'object') return [];
  return Object.keys(value).filter((key) => !(key in schema.shape));
}

/** Turns a complaint about user data into a 400. */
export function refusable<T>(act: () => T): T {
  try {
    return act();
  } catch (error) {
    if (error instanceof UsageError) throw new ApiError(400, error.message);
    throw error;
  }
}

/**
 * Where to listen, with the name resolved once: IPv4 first, as Go does, so that `localhost` is one address.
 * @param prefix of the complaint, which Toxiproxy words differently for a new proxy and for a change
 * @throws ApiError 500, as Toxiproxy answers where an address makes no sense
 */
export async function listenAddress(text: string, prefix = 'listen tcp: '): Promise<Address> {
  if (text === '') return { host: '127.0.0.1', port: 0 };
  try {
    const { host, port } = parseAddress(text);
    return { host: await resolved(host), port };
  } catch (error) {
    throw new ApiError(500, `${prefix}${messageOf(error)}`);
  }
}

async function resolved(host: string): Promise<string> {
  if (net.isIP(host) !== 0) return host;
  try {
    return (await lookup(host, { order: 'ipv4first' })).address;
  } catch {
    throw new AddressError(`lookup ${host}: no such host`);
  }
}

/** Where the dependency is. Toxiproxy takes anything and fails at the first connection; we say so at once. */
export function upstreamAddress(text: string): Address {
  try {
    return parseAddress(text);
  } catch (error) {
    if (error instanceof AddressError) throw badBody(`upstream: ${error.message}`);
    throw error;
  }
}

/** What Go says where Node has a code. */
const GO_WORDS: Readonly<Record<string, string>> = {
  EADDRINUSE: 'bind: address already in use',
  EADDRNOTAVAIL: 'bind: cannot assign requested address',
  EACCES: 'bind: permission denied',
};

/** Turns a failed bind into Toxiproxy's 500 with the system's reason, worded as Go words it. */
export async function binding<T>(listen: Address, act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    const words = GO_WORDS[(error as NodeJS.ErrnoException).code ?? ''];
    const where = `listen tcp ${listen.host}:${listen.port}: `;
    throw new ApiError(500, words === undefined ? messageOf(error) : where + words);
  }
}
