/** A service's traffic for tests of load engines: its config, a scenario, and a real server that keeps what it is sent. */
import http from 'node:http';
import type { StartOptions } from '../../harness/load/load-engine.ts';
import { planLoad } from '../../harness/load/plan.ts';
import { Config } from '../../harness/model/config.ts';
import type { NoteEvent, RequestEvent, Unnumbered } from '../../harness/model/history.ts';
import { phasesOf, Scenario } from '../../harness/model/scenario.ts';
import { clockFrom } from '../../harness/model/time.ts';
import { type Cleanup, listen } from './sockets.ts';

export const trafficConfig = Config.parse({
  target: { name: 't', start: { command: ['x'] }, readyPath: '/' },
  profiles: { fast: { env: {} } },
  links: {},
  requests: {
    get: {
      method: 'GET',
      path: '/get/{{pick.word}}?q=a%20b',
      headers: { accept: 'text/plain', 'x-wants': '{{written}}' },
      compare: 'notes.0',
      needs: [],
    },
    put: {
      method: 'POST',
      path: '/put',
      headers: { 'x-key': '{{key}}' },
      body: { text: 'about “{{pick.word}}”', list: ['{{key}}'] },
      needs: [],
      write: true,
    },
    remove: { method: 'DELETE', path: '/remove/{{key}}', needs: [] },
  },
  pools: { word: ['one', 'two'] },
  served: { header: 'Served-By', perLinkHeader: 'served-by-{{link}}', ageMsHeader: 'age-ms' },
});

/** A second and a half of traffic with a fault in its middle that is nobody's. */
export function trafficScenario(traffic: object = {}, change: object = {}): Scenario {
  return Scenario.parse({
    name: 'traffic "quoted"\nand broken',
    about: 'x',
    traffic: { ratePerSecond: 40, mix: { get: 3, put: 2, remove: 1 }, maxInFlight: 8, ...traffic },
    steadyState: [
      { check: 'success-ratio', atLeast: 0.99 },
      { check: 'latency', percentile: 95, belowMs: 2_000 },
      { check: 'served-live', atLeast: 0.5 },
    ],
    timeline: [{ at: 500, inject: { type: 'down' }, on: 'llm', forMs: 300 }],
    recovery: { withinMs: 700 },
    expect: [{ check: 'breaker-trips', link: 'llm' }],
    ...change,
  });
}

/** What a server was sent, less what every HTTP client adds in its own way. */
export interface Received {
  method: string;
  url: string;
  headers: Record<string, string | string[] | undefined>;
  body: string;
}

/** Headers that belong to the connection or to the client, not to the request that was planned. */
const OF_THE_CLIENT = new Set(['host', 'connection', 'keep-alive', 'content-length', 'transfer-encoding']);

export interface Recording {
  url: string;
  received: Received[];
}

/** A server that keeps every request and answers as `answer` says. */
export async function recordingServer(
  cleanup: Cleanup,
  answer: http.RequestListener = (_request, response) => response.end('fine'),
): Promise<Recording> {
  const received: Received[] = [];
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk) => chunks.push(chunk));
    request.on('end', () => {
      const headers = Object.entries(request.headers).filter(([name]) => !OF_THE_CLIENT.has(name));
      const { method = '', url = '' } = request;
      received.push({
        method,
        url,
        headers: Object.fromEntries(headers),
        body: String(Buffer.concat(chunks)),
      });
      answer(request, response);
    });
  });
  return { url: `http://127.0.0.1:${await listen(cleanup, server)}`, received };
}

export type LoadEvent = Unnumbered<RequestEvent> | Unnumbered<NoteEvent>;

/** What an engine is started with for a scenario, and what it emits. */
export function startOptions(
  scenario: Scenario,
  entryUrl: string,
  dir: string,
  signal = new AbortController().signal,
): { options: StartOptions; events: LoadEvent[] } {
  const events: LoadEvent[] = [];
  const { endAtMs } = phasesOf(scenario);
  const options: StartOptions = {
    scenario,
    dir,
    entryUrl,
    plan: planLoad(scenario.traffic, trafficConfig, endAtMs, 7, 'r'),
    traffic: scenario.traffic,
    served: trafficConfig.served,
    links: ['llm', 'database'],
    now: clockFrom(process.hrtime.bigint()),
    emit: (event) => void events.push(event),
    signal,
  };
  return { options, events };
}

export function requestsOf(events: readonly LoadEvent[]): Unnumbered<RequestEvent>[] {
  return events.filter((event) => event.kind === 'request');
}

export function notesOf(events: readonly LoadEvent[]): string[] {
  return events.flatMap((event) => (event.kind === 'note' ? [event.text] : []));
}
