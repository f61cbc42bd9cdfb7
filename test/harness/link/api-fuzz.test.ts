/** Whatever is sent to the API, it answers well-formed, with a reason, and goes on; the links go on too. */
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { send } from '../../support/api-call.ts';
import { Cleanup } from '../../support/sockets.ts';
import { startOurs } from '../../support/toxiproxy.ts';
import { Side, startUpstreams, type TestProxy } from '../../support/wire.ts';

const cleanup = new Cleanup();
afterAll(() => cleanup.run());
let side: Side;
let bystander: TestProxy;
beforeAll(async () => {
  side = new Side(await startOurs(cleanup), await startUpstreams(cleanup), cleanup, startOurs);
  bystander = await side.proxy(side.up.echo);
});

const RUNS = 400;
const FUZZ_LIMIT_MS = 60_000;

/** Names that the API means something by, and any other. */
const KEYS = [
  ...['name', 'Name', 'listen', 'upstream', 'enabled', 'toxics', 'faults', 'protocol', 'tls', 'closed'],
  ...['type', 'stream', 'toxicity', 'attributes', 'match', 'times', 'expiresMs', 'probability', 'status'],
  ...[
    'latency',
    'jitter',
    'rate',
    'timeout',
    'bytes',
    'average_size',
    'size_variation',
    'delay',
    '__proto__',
  ],
];
const VALUES = [
  ...['a', 'x/y', '', 'latency', 'slicer', 'http_status', 'upstream', 'DOWNSTREAM', 'http', 'black_hole'],
  ...['127.0.0.1:0', '127.0.0.1:1', 'nonsense', '[::1', 'a:b:c', '127.0.0.1:70000', ':0', '256.1.1.1:1'],
];
const scalar = fc.oneof(
  fc.constantFrom(...VALUES),
  fc.constantFrom(null, true, false, 0, 1, -1, 0.5, 7, 2 ** 53, 1e308, -0),
  fc.string({ maxLength: 8 }),
);
const { value } = fc.letrec<{ value: unknown }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    scalar,
    fc.array(tie('value'), { maxLength: 3 }),
    fc.dictionary(fc.oneof(fc.constantFrom(...KEYS), fc.string({ maxLength: 4 })), tie('value'), {
      maxKeys: 6,
    }),
  ),
}));
/** Close to what is right, so that it gets past the first check. */
const toxicLike = fc.record(
  {
    type: fc.constantFrom(
      'latency',
      'bandwidth',
      'slicer',
      'timeout',
      'limit_data',
      'reset_peer',
      'noop',
      'http_status',
    ),
    name: scalar,
    stream: fc.constantFrom('upstream', 'downstream', 'x'),
    toxicity: scalar,
    attributes: value,
    match: value,
    times: scalar,
    expiresMs: scalar,
  },
  { requiredKeys: ['type'] },
);
const proxyLike = fc.record(
  {
    name: fc.oneof(fc.string({ maxLength: 12 }), fc.constantFrom('a', '__proto__', '..')),
    upstream: fc.constantFrom('127.0.0.1:1', 'localhost:1', 'nonsense'),
    listen: fc.constantFrom('127.0.0.1:0', 'localhost:0', '[::1]:0', 'nonsense', '203.0.113.1:9', ''),
    enabled: fc.constantFrom(true, false, null),
    protocol: fc.constantFrom('http', 'postgres', 'tcp', 'x'),
    toxics: fc.array(toxicLike, { maxLength: 2 }),
    closed: fc.constantFrom('down', 'x'),
    expiresMs: scalar,
  },
  { requiredKeys: ['name', 'upstream'] },
);
const json = fc
  .oneof(value, toxicLike, proxyLike, fc.array(proxyLike, { maxLength: 2 }))
  .map((v) => JSON.stringify(v));
const body = fc.oneof(
  { weight: 6, arbitrary: json },
  { weight: 1, arbitrary: fc.tuple(json, fc.string({ maxLength: 5 })).map(([text, tail]) => text + tail) },
  { weight: 1, arbitrary: json.map((text) => text.slice(0, text.length / 2)) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 20 }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom('EMPTY', '[[[['.repeat(500), '{"a":'.repeat(500), '\ufeff{}', '\u0000'),
  },
);
const segment = fc.oneof(
  fc.constantFrom(
    'a',
    'p',
    'latency_downstream',
    '..',
    '%2F',
    '%zz',
    '%',
    '%00',
    '',
    'toxics',
    'x'.repeat(300),
  ),
  fc.string({ maxLength: 6 }).map(encodeURIComponent),
);
const path = fc.oneof(
  fc.constantFrom(
    '/proxies',
    '/populate',
    '/reset',
    '/version',
    '/metrics',
    '/',
    '//proxies',
    '/proxies/',
    '*',
  ),
  fc
    .tuple(segment, fc.constantFrom('', '/toxics', '/faults', '/toxics/', '/nonsense'))
    .map(([name, rest]) => `/proxies/${name}${rest}`),
  fc
    .tuple(segment, fc.constantFrom('toxics', 'faults', 'shadows'), segment)
    .map((parts) => `/proxies/${parts.join('/')}`),
);
const method = fc.oneof(
  { weight: 5, arbitrary: fc.constantFrom('POST', 'PATCH') },
  { weight: 1, arbitrary: fc.constantFrom('GET', 'DELETE', 'PUT', 'HEAD', 'OPTIONS', 'PROPFIND') },
);

/** What only a listener that cannot be had may cause. */
const LISTEN_TROUBLE = /^(listen tcp|address |lookup )/;

test(
  'any call is answered as the API answers',
  async () => {
    await fc.assert(
      fc.asyncProperty(method, path, body, async (verb, at, text) => {
        if (at.startsWith('/proxies/p1')) return; // the bystander
        const { status = 0, type, body: answer, text: raw } = await send(side.url, `${verb} ${at} ${text}`);
        expect(raw).not.toMatch(/\.ts:\d|node:internal|^\s+at /m); // no stack
        if (status >= 400 && type?.startsWith('text/plain') === true && raw.startsWith('{')) {
          expect(Object.keys(answer as object)).toEqual(['error', 'status']);
          expect(answer).toMatchObject({ error: expect.stringMatching(/./), status });
        }
        if (status === 500) expect((answer as { error: string }).error).toMatch(LISTEN_TROUBLE);
        else expect([200, 201, 204, 400, 404, 405, 409]).toContain(status);
      }),
      { numRuns: RUNS },
    );
    const client = await bystander.dial();
    expect(await client.echo('still here')).toBe('still here');
  },
  FUZZ_LIMIT_MS,
);

test(
  'any name that can be given can be addressed',
  async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 40 }), async (name) => {
        const made = { name, upstream: '127.0.0.1:1', enabled: false };
        const at = `/proxies/${encodeURIComponent(name)}`;
        expect(await side.call(`POST /proxies ${JSON.stringify(made)}`)).toMatchObject({ name });
        expect(await side.call(`GET ${at}`)).toMatchObject({ name });
        expect(await side.call(`POST ${at}/toxics ${JSON.stringify({ type: 'noop', name })}`)).toMatchObject({
          name,
        });
        await side.call(`DELETE ${at}/toxics/${encodeURIComponent(name)}`);
        await side.call(`DELETE ${at}`);
      }),
      { numRuns: 60 },
    );
  },
  FUZZ_LIMIT_MS,
);

test('a body that is too long is refused, and not read to its end', async () => {
  const { status, text } = await send(side.url, `POST /proxies ${'x'.repeat(9 * 1024 * 1024)}`).catch(() => ({
    status: 413,
    text: 'the connection was closed',
  }));
  expect([status, text]).toEqual([413, expect.any(String)]);
  expect(await (await bystander.dial()).echo('still here')).toBe('still here');
});

test.each(['', 'nonsense', 'text/xml; charset=;;', 'application/json; charset=utf-16', 'a'.repeat(200)])(
  'content type "%s" matters to nobody',
  async (type) => {
    const response = await fetch(`${side.url}/proxies`, {
      method: 'POST',
      headers: { 'content-type': type },
      body: '{}',
    });
    expect([response.status, await response.json()]).toEqual([
      400,
      { error: 'missing required field: name', status: 400 },
    ]);
    const other = await fetch(`${side.url}/proxies`, {
      method: 'PUT',
      headers: { 'content-type': type },
      body: '{}',
    });
    expect([other.status, await other.text()]).toEqual([405, '']);
  },
);
