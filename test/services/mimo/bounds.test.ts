/** The bounds of the whole service at its entry, and what it tells of itself, with no database behind it. */
import { once } from 'node:events';
import net from 'node:net';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { pino } from 'pino';
import { assemble } from '../../../services/mimo/assemble.ts';
import { createServer, type Server } from '../../../services/mimo/http/server.ts';
import type { Service } from '../../../services/mimo/http/service.ts';
import { LIMITS_DEFAULT, type Limits } from '../../../services/mimo/limits.ts';
import { MONITOR_DEFAULT, type MonitorSettings } from '../../../services/mimo/monitor/settings.ts';
import { configFor, type FakeServer, fakeLlm, fakeOllama, temporaryFolder, until } from './stage.ts';

let llm: FakeServer;
let ollama: FakeServer;
let folder: Awaited<ReturnType<typeof temporaryFolder>>;
let service: Service | undefined;
let server: Server;
let base: string;
let lines: Record<string, unknown>[];

beforeEach(async () => {
  lines = [];
  [llm, ollama, folder] = await Promise.all([fakeLlm(), fakeOllama(), temporaryFolder()]);
});

afterEach(async () => {
  server.drain();
  await server.app.close();
  await service?.close();
  for (const owned of [llm, ollama, folder]) await owned[Symbol.asyncDispose]();
});

async function start(limits: Partial<Limits> = {}, monitor: Partial<MonitorSettings> = {}): Promise<void> {
  const config = configFor({
    databaseUrl: 'postgres://127.0.0.1:1/none',
    llmUrls: [llm.url],
    ollamaUrl: ollama.url,
    stateDir: folder.path,
    limits: { ...LIMITS_DEFAULT, ...limits },
    monitor: { ...MONITOR_DEFAULT, ...monitor },
  });
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) });
  service = await assemble(config, log);
  server = createServer(service);
  base = await server.app.listen({ host: '127.0.0.1', port: 0 });
}

const get = (path: string): Promise<Response> => fetch(`${base}${path}`);
const post = (path: string, body: string): Promise<Response> =>
  fetch(`${base}${path}`, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
const ask = (query: string): Promise<Response> => post('/v1/mimo/ask', JSON.stringify({ query }));
const exposition = async (): Promise<string> => (await get('/metrics')).text();

/** Reads a stream of events until one matches. */
async function firstEvent(response: Response, pattern: RegExp): Promise<string> {
  const decoder = new TextDecoder();
  let text = '';
  for await (const chunk of response.body ?? []) {
    text += decoder.decode(chunk as Uint8Array, { stream: true });
    const found = text.split('\n\n').find((event) => pattern.test(event));
    if (found !== undefined) return found;
  }
  throw new Error(`the stream ended before ${pattern}: ${text}`);
}

describe('the rate limit', () => {
  const three = { rateLimit: { requests: 3, windowMs: 60_000, clientsMax: 10 } };

  test('refuses with 429 and Retry-After, before the body is read, and counts it', async () => {
    await start(three);
    for (let n = 0; n < 3; n += 1) expect((await ask('q')).status).toBe(200);
    const refused = await post('/v1/mimo/ask', 'not JSON');
    expect(refused.status).toBe(429);
    expect(Number(refused.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    expect(refused.headers.get('x-ratelimit-limit')).toBe('3');
    expect(refused.headers.get('x-ratelimit-remaining')).toBe('0');
    expect(await refused.json()).toEqual({ error: 'Rate limit: 3 requests per 60 s and client are taken.' });
    const text = await exposition();
    expect(text).toContain('mimo_rate_limited_total 1');
    expect(text).toContain('mimo_requests_total{route="/v1/mimo/ask",status="429"} 1');
    expect(text).toContain('mimo_rate_limit_requests_max 3');
  });

  test('leaves probes and metrics alone', async () => {
    await start(three);
    for (let n = 0; n < 10; n += 1)
      for (const path of ['/health/live', '/health/ready', '/metrics', '/resilience'])
        expect((await get(path)).status).toBe(200);
    expect((await ask('q')).headers.get('x-ratelimit-remaining')).toBe('2');
  });
});

describe('health', () => {
  test('calls no dependency', async () => {
    await start();
    await get('/health/live');
    await get('/health/ready');
    expect([llm.requests.length, ollama.requests.length]).toEqual([0, 0]);
  });

  test('tells of a resource beyond its threshold, and is still ready', async () => {
    const thresholds = { rss_bytes: { warn: 1, critical: 1e15 } };
    await start({}, { intervalMs: 10, sustainedMs: 20, thresholds });
    await until('memory counts as too high', () =>
      Boolean(service?.monitor.watched().some(({ level }) => level === 'warn')),
    );
    const ready = await get('/health/ready');
    expect(ready.status).toBe(200);
    expect(await ready.json()).toMatchObject({
      ready: true,
      status: 'degraded',
      resources: [{ resource: 'rss_bytes', level: 'warn' }],
    });
  });
});

describe('a change', () => {
  test('of a breaker has one name as log line, event and metric', async () => {
    await start();
    const stream = await get('/events');
    llm.behave(500);
    for (let n = 0; n < 6; n += 1) await ask(`q${n}`);
    const event = await firstEvent(stream, /"link":"llm"/);
    expect(event).toMatch(/^id: \d+\nevent: breaker_transition\ndata: /);
    expect(JSON.parse(event.split('data: ')[1] ?? '')).toMatchObject({
      link: 'llm',
      breaker: 'llm_service',
      from: 'closed',
      to: 'open',
      atMs: expect.any(Number),
    });
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'breaker_transition', link: 'llm', from: 'closed', to: 'open' }),
    );
    expect(await exposition()).toContain(
      'mimo_breaker_transitions_total{link="llm",from="closed",to="open"} 1',
    );
  });

  test('of a resource has one name as log line, event and metric', async () => {
    const thresholds = { rss_bytes: { warn: 1, critical: 2 } };
    await start({}, { intervalMs: 10, sustainedMs: 20, thresholds });
    // It may have come before we listen: the last ones are kept.
    await firstEvent(await get('/events'), /event: resource_level_change\n.*"resource":"rss_bytes"/);
    expect(lines).toContainEqual(
      expect.objectContaining({ event: 'resource_level_change', resource: 'rss_bytes', to: 'critical' }),
    );
    const text = await exposition();
    expect(text).toContain(
      'mimo_resource_level_changes_total{resource="rss_bytes",from="ok",to="critical"} 1',
    );
    expect(text).toContain('mimo_resource_level{resource="rss_bytes"} 2');
  });

  test('is followed by so many, and the next is told to come back', async () => {
    await start({ eventFollowersMax: 1 });
    const first = await get('/events');
    const second = await get('/events');
    expect([first.status, second.status, second.headers.get('retry-after')]).toEqual([200, 503, '1']);
    expect(await exposition()).toContain('mimo_event_followers 1');
    await first.body?.cancel();
    await until('the place is free again', async () =>
      (await exposition()).includes('mimo_event_followers 0'),
    );
  });
});

test('a connection that never sends a request does not keep the service from ending', async () => {
  await start();
  const silent = net.connect(Number(new URL(base).port), '127.0.0.1');
  await once(silent, 'connect');
  const gone = once(silent, 'close');
  await until('the service knows of it', () =>
    promisify(server.app.server.getConnections.bind(server.app.server))().then((count) => count >= 1),
  );
  server.drain();
  await server.app.close();
  await gone;
});

test('a request under way at the end is answered, and its connection does not keep the service from ending', async () => {
  await start();
  ollama.behave('hang');
  const socket = net.connect(Number(new URL(base).port), '127.0.0.1');
  let said = '';
  socket.on('data', (chunk) => {
    said += chunk;
  });
  const body = JSON.stringify({ query: 'slow' });
  socket.write(
    `POST /v1/mimo/ask HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
  );
  await until('it is under way', async () => (await exposition()).includes('mimo_requests_in_flight 1'));
  server.drain();
  // Kept alive it would be open for 72 s: fastify closes only what is idle when the end begins.
  await server.app.close();
  await once(socket, 'close');
  expect(said).toMatch(/^HTTP\/1\.1 200 [\s\S]*^connection: close\r$/im);
});

test('the first request of a connection that came before the end is answered, and told that it is the last', async () => {
  await start();
  const socket = net.connect(Number(new URL(base).port), '127.0.0.1');
  let said = '';
  socket.on('data', (chunk) => {
    said += chunk;
  });
  await once(socket, 'connect');
  await until('the service knows of it', () =>
    promisify(server.app.server.getConnections.bind(server.app.server))().then((count) => count >= 1),
  );
  server.drain();
  const closed = server.app.close();
  socket.write('GET /health/live HTTP/1.1\r\nhost: x\r\n\r\n');
  await once(socket, 'close');
  await closed;
  expect(said).toMatch(/^HTTP\/1\.1 200 [\s\S]*^connection: close\r$/im);
  expect(said).toContain('{"status":"live"}');
});

describe('a limit', () => {
  test('of the body holds', async () => {
    await start({ bodyBytesMax: 1_024 });
    expect((await ask('x'.repeat(2_000))).status).toBe(413);
  });

  test('of requests in flight holds, with Retry-After', async () => {
    await start({ requestsInFlightMax: 1 });
    ollama.behave('hang');
    const first = ask('slow');
    await until('it is under way', async () => (await exposition()).includes('mimo_requests_in_flight 1'));
    const second = await ask('one too many');
    expect([second.status, second.headers.get('retry-after')]).toEqual([503, '1']);
    expect((await first).status).toBe(200);
  });

  test('each is in /metrics beside what is used of it', async () => {
    await start();
    const names = new Set((await exposition()).match(/^mimo_\w+/gm));
    for (const name of ['link_calls_in_flight', 'link_calls_waiting', 'cache_entries', 'requests_in_flight'])
      for (const each of [`mimo_${name}`, `mimo_${name}_max`]) expect(names).toContain(each);
    for (const name of ['rate_limit_clients', 'event_followers'])
      for (const each of [`mimo_${name}`, `mimo_${name}_max`]) expect(names).toContain(each);
    for (const name of ['write_queue_depth', 'write_queue_capacity', 'request_body_bytes_max'])
      expect(names).toContain(`mimo_${name}`);
  });
});
