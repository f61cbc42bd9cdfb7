/** What `tripcurve init` is told, read: each answer is a line of text, each mistake one sentence. */
import type { ConfigInput } from '../model/config.ts';
import { UsageError } from '../model/errors.ts';

type LinkInput = ConfigInput['links'][string];
type RequestInput = ConfigInput['requests'][string];
type BreakerInput = NonNullable<ConfigInput['target']['breakers']>[string];
type ServedInput = NonNullable<ConfigInput['served']>;

/** A link as it was told, and the variable's text that leads the service to it; null: nobody could guess it. */
export interface LinkAnswer {
  name: string;
  link: LinkInput;
  address: string | null;
  variable: string;
  template: string | null;
}

const NAME = /^[a-z][a-z0-9_-]*$/;
const VARIABLE = /^[A-Za-z_]\w*$/;
const PROTOCOLS = ['http', 'postgres', 'tcp'] as const;
type Protocol = (typeof PROTOCOLS)[number];

/** Ports that go without saying, by scheme, and what a link reads there. */
const SCHEMES: Readonly<Record<string, { port: number; protocol: Protocol }>> = {
  http: { port: 80, protocol: 'http' },
  https: { port: 443, protocol: 'http' },
  postgres: { port: 5432, protocol: 'postgres' },
  postgresql: { port: 5432, protocol: 'postgres' },
  redis: { port: 6379, protocol: 'tcp' },
  amqp: { port: 5672, protocol: 'tcp' },
  mysql: { port: 3306, protocol: 'tcp' },
  mongodb: { port: 27_017, protocol: 'tcp' },
};

/** `name=host:port[:protocol]`, `name=URL`, or `name=stub` and the JSON that it answers. @throws UsageError */
export function linkAnswer(text: string, where = '--link'): LinkAnswer {
  const [name, told] = pair(text, where, 'such as prices=127.0.0.1:9100 or prices=stub');
  if (!NAME.test(name))
    throw new UsageError(
      `${where}: the name "${name}" must be a small letter, then small letters, digits, _ or -`,
    );
  const variable = `${name.toUpperCase().replaceAll('-', '_')}_URL`;
  const stub = /^stub(?:\s+([\s\S]+))?$/.exec(told);
  if (stub !== null) {
    const body = jsonIn(stub[1] ?? '{"from":"the stub"}', `${where}: ${name}: what follows stub`);
    const link: LinkInput = {
      protocol: 'http',
      dependency: { stub: { answers: [{ path: '/*', status: 200, body }] } },
    };
    return { name, address: null, variable, template: `{{link.${name}.url}}`, link };
  }
  return told.includes('://')
    ? linkByUrl(name, told, variable, where)
    : linkByAddress(name, told, variable, where);
}

function linkByAddress(name: string, told: string, variable: string, where: string): LinkAnswer {
  const [, address, host, port, protocol = port === '5432' ? 'postgres' : 'http'] =
    /^((\[[^\]]+\]|[^:\s/]+):(\d+))(?::(\w+))?$/.exec(told) ?? [];
  if (address === undefined || host === undefined || !(Number(port) >= 1 && Number(port) <= 65_535))
    throw new UsageError(
      `${where}: ${name}: "${told}" must be host:port, host:port:http|postgres|tcp, a URL, or stub`,
    );
  const known = PROTOCOLS.find((one) => one === protocol);
  if (known === undefined)
    throw new UsageError(`${where}: ${name}: no protocol "${protocol}"; one of ${PROTOCOLS.join(', ')}`);
  const template = known === 'http' ? `{{link.${name}.url}}` : null;
  return { name, address, variable, template, link: { protocol: known, dependency: { address } } };
}

function linkByUrl(name: string, told: string, variable: string, where: string): LinkAnswer {
  const [, scheme = '', rest = ''] = /^([a-z][a-z0-9+.]*):\/\/(.+)$/i.exec(told) ?? [];
  const [, user = '', host, port, tail = ''] =
    /^(.*@)?([^:/?#@]+|\[[^\]]+\])(?::(\d+))?([/?#].*)?$/.exec(rest) ?? [];
  const about = SCHEMES[scheme.toLowerCase()];
  const number = Number(port ?? about?.port ?? Number.NaN);
  if (host === undefined || !(number >= 1 && number <= 65_535))
    throw new UsageError(`${where}: ${name}: "${told}" must be a URL with host and port`);
  const isTls = scheme.toLowerCase() === 'https';
  const address = `${host}:${number}`;
  const link: LinkInput = {
    protocol: about?.protocol ?? 'tcp',
    dependency: { address, ...(isTls ? { tls: {} } : {}) },
  };
  const path = tail === '/' ? '' : tail;
  const to = `{{link.${name}.host}}:{{link.${name}.port}}${path}`;
  return { name, address, variable, template: `${isTls ? 'http' : scheme}://${user}${to}`, link };
}

/** `NAME=TEXT`. @throws UsageError */
export function variableAnswer(text: string, where = '--variable'): [name: string, text: string] {
  const [name, told] = pair(text, where, "such as 'PRICES_URL={{link.prices.url}}'");
  if (!VARIABLE.test(name)) throw new UsageError(`${where}: "${name}" is no name of an environment variable`);
  return [name, told];
}

/** `http://HOST:PORT`, where PORT may be `{{port}}`, without the slash that may stand at its end. @throws UsageError */
export function urlAnswer(text: string, where = '--url'): string {
  const url = text.replace(/\/+$/, '');
  if (!/^http:\/\/[^/\s:]+(:(\d+|\{\{port\}\}))?$/.test(url))
    throw new UsageError(`${where}: "${text}" must be http://HOST:PORT, without a path`);
  return url;
}

/** `[name=]METHOD /path [JSON]`. @throws UsageError */
export function requestAnswer(
  text: string,
  where = '--request',
): [name: string, request: Omit<RequestInput, 'needs'>] {
  const [, named, method, path, body] =
    /^(?:([a-z][a-z0-9_-]*)=)?\s*(GET|POST|PUT|PATCH|DELETE)\s+(\/\S*)(?:\s+([\s\S]+))?$/.exec(text.trim()) ??
    [];
  if (method === undefined || path === undefined)
    throw new UsageError(
      `${where}: "${text}" must be METHOD /path, such as 'GET /orders/1' or 'POST /orders {"item":1}'`,
    );
  const words = path.split(/[^A-Za-z0-9]+/).filter((word) => /^[a-z]/i.test(word));
  const name = named ?? (words[0] ?? 'request').toLowerCase();
  const request = { method: method as RequestInput['method'], path };
  if (body === undefined) return [name, request];
  const json = jsonIn(body, `${where}: "${text}": what follows the path`);
  return [name, { ...request, headers: { 'content-type': 'application/json' }, body: json }];
}

/** `header:NAME`, `json:PATH` or `status:203=cached`. @throws UsageError */
export function servedAnswer(text: string, ways: readonly string[], where = '--served'): ServedInput {
  const [, kind, told = ''] = /^(header|json|status):(.+)$/.exec(text) ?? [];
  const words = Object.fromEntries(ways.map((way) => pair(way, '--way', 'such as MISS=live')));
  const rest = ways.length === 0 ? {} : { ways: words };
  if (kind === 'header') return { header: told, ...rest };
  if (kind === 'json') return { json: told, ...rest };
  const [, status, way] = /^(2\d\d)=(\S+)$/.exec(told) ?? [];
  if (kind === 'status' && status !== undefined && way !== undefined)
    return { status: { 200: 'live', [status]: way }, ...rest };
  throw new UsageError(
    `${where}: "${text}" must be header:NAME, json:PATH or status:CODE=WAY, such as json:source or status:203=cached`,
  );
}

/** `link=actuator`, `link=json /path FIELD` or `link=gauge /path METRIC`. @throws UsageError */
export function breakerAnswer(text: string, where = '--breaker'): [link: string, source: BreakerInput] {
  const [link, told] = pair(text, where, 'such as prices=actuator');
  const [, own] = /^actuator(?::(\S+))?$/.exec(told) ?? [];
  if (told.startsWith('actuator'))
    return [link, { json: `circuitBreakers.${own ?? link}.state`, path: '/actuator/circuitbreakers' }];
  const [, kind, path, what] = /^(json|gauge)\s+(\/\S*)\s+(\S+)$/.exec(told) ?? [];
  if (path === undefined || what === undefined)
    throw new UsageError(
      `${where}: "${text}" must be LINK=actuator[:NAME], LINK=json /path FIELD or LINK=gauge /path METRIC`,
    );
  return [link, kind === 'json' ? { json: what, path } : { metric: what, path }];
}

/** A command as the config takes it: words, or a shell's line where it has what only a shell understands. */
export function commandAnswer(text: string, where = '--start'): string[] {
  if (text.trim() === '') throw new UsageError(`${where}: the command is empty`);
  if (/[|&;<>$`*~()]/.test(text.replaceAll(/\{\{[^}]*\}\}/g, ''))) return ['sh', '-c', text];
  const words = [...text.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/g)];
  return words.map(([, double, single, plain]) => double ?? single ?? plain ?? '');
}

function jsonIn(text: string, what: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new UsageError(`${what} must be JSON`);
  }
}

function pair(text: string, where: string, example: string): [string, string] {
  const at = text.indexOf('=');
  const [name, told] = [text.slice(0, at).trim(), text.slice(at + 1).trim()];
  if (at < 1 || told === '') throw new UsageError(`${where}: "${text}" must be NAME=…, ${example}`);
  return [name, told];
}
