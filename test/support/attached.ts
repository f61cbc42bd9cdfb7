/** What `--env attach` meets: a service that runs already, with somebody's Toxiproxy before its dependency. */
import { type ChildProcess, spawn } from 'node:child_process';
import http from 'node:http';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { startProxyServer } from '../../harness/link/proxy-server.ts';
import { within } from '../../harness/model/deadline.ts';
import { type Cleanup, listen } from './sockets.ts';
import { type RealToxiproxy, startReal } from './toxiproxy.ts';
import { tinyScenario, Workshop } from './workshop.ts';

const TINY = path.resolve(import.meta.dirname, 'tiny-target.ts');
const START_LIMIT_MS = 15_000;

/** A proxy as the API shows it. */
export interface ShownProxy {
  listen: string;
  upstream: string;
  enabled: boolean;
  toxics: { name: string; type: string; attributes: object }[];
}

/** Toxic and proxy that are there before we come, and must be there after. */
export const FOREIGN = {
  name: 'theirs',
  type: 'latency',
  stream: 'downstream',
  attributes: { latency: 1, jitter: 0 },
};
export const ASLEEP = 'asleep';
export const PROXY = 'their-dep';

export interface Scene {
  shop: Workshop;
  toxiproxy: string;
  /** API of our links; null where only the Toxiproxy is there. */
  links: string | null;
  entry: string;
  /** Where the target finds its dependency. */
  dependency: string;
  proxies(): Promise<Record<string, ShownProxy>>;
  target: ChildProcess;
}

/** A way to an API on which some calls are never answered; all others pass. @param hangs of `METHOD /path` */
export async function hangingWay(cleanup: Cleanup, to: string, hangs: Pick<RegExp, 'test'>): Promise<string> {
  const server = http.createServer((request, response) => {
    const { method = 'GET', url = '/' } = request;
    if (hangs.test(`${method} ${url}`)) return;
    const call = http.request(to + url, { method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode ?? 500, answer.headers);
      answer.pipe(response);
    });
    call.on('error', () => response.destroy());
    request.pipe(call);
  });
  return `http://127.0.0.1:${await listen(cleanup, server)}`;
}

export interface SceneOptions {
  toxiproxy: RealToxiproxy;
  /** Puts links of ours before it. */
  watched?: boolean;
  /** Section `attach` of the config, changed. */
  change?: (attach: Record<string, unknown>) => Record<string, unknown>;
  /** Calls of the Toxiproxy's API that are never answered. */
  hangs?: RegExp;
}

/** Brings it up: dependency, Toxiproxy with a toxic and a disabled proxy of somebody's, links, target, config. */
export async function scene(
  cleanup: Cleanup,
  { toxiproxy: real, watched = false, change = (attach) => attach, hangs }: SceneOptions,
): Promise<Scene> {
  const dependency = await tiny(cleanup, { ROLE: 'dependency' });
  const toxiproxy = await startReal(cleanup, real);
  const made = await post(`${toxiproxy}/proxies`, {
    name: PROXY,
    listen: '127.0.0.1:0',
    upstream: new URL(dependency.url).host,
  });
  await post(`${toxiproxy}/proxies/${PROXY}/toxics`, FOREIGN);
  await post(`${toxiproxy}/proxies`, {
    name: ASLEEP,
    listen: '127.0.0.1:0',
    upstream: new URL(dependency.url).host,
    enabled: false,
  });
  const links = watched ? await ourLinks(cleanup, made.listen) : null;
  const upstream = `http://${links?.listen ?? made.listen}`;
  const target = await tiny(cleanup, { UPSTREAM: upstream });
  const way = hangs === undefined ? toxiproxy : await hangingWay(cleanup, toxiproxy, hangs);
  const attach = change({
    entry: target.url,
    toxiproxy: { url: way, proxies: { dep: PROXY } },
    ...(links === null ? {} : { links: { url: links.url, proxies: { dep: 'tap' } } }),
  });
  const shop = await workshop(cleanup, attach);
  return {
    shop,
    toxiproxy,
    links: links?.url ?? null,
    entry: target.url,
    dependency: upstream,
    proxies: async () => (await (await fetch(`${toxiproxy}/proxies`)).json()) as Record<string, ShownProxy>,
    target: target.process,
  };
}

/** A folder whose config attaches to what runs, and whose scenario fits a dependency that is slow. */
export async function workshop(cleanup: Cleanup, attach: object): Promise<Workshop> {
  const shop = await Workshop.open();
  cleanup.add(() => shop.close());
  const config = {
    target: { name: 'tiny', start: { command: ['none'] }, readyPath: '/ready' },
    profiles: { fast: { env: {} } },
    links: { dep: { protocol: 'http', dependency: { address: '127.0.0.1:1' } } },
    requests: { work: { method: 'GET', path: '/work', needs: ['dep'] } },
    served: { header: 'served-by' },
    attach,
  };
  await shop.write('tripcurve.config.ts', `export default ${JSON.stringify(config)};`);
  return shop;
}

/** A time line that a Toxiproxy can carry out: slow, then cut. */
export const slowThenCut = {
  ...tinyScenario,
  name: 'tiny/slow-then-cut',
  timeline: [
    { at: 500, inject: { type: 'latency', attributes: { latency: 30 } }, on: 'dep', forMs: 300 },
    { at: 900, inject: { type: 'down' }, on: 'dep', forMs: 200 },
  ],
};

/** Faults that stay for as long as it takes to be killed under them. */
export const longFaults = {
  ...tinyScenario,
  name: 'tiny/long',
  steadyState: [{ check: 'success-ratio', atLeast: 0 }],
  timeline: [
    { at: 100, inject: { type: 'latency', attributes: { latency: 20 } }, on: 'dep', forMs: 60_000 },
    { at: 200, inject: { type: 'bandwidth', attributes: { rate: 1000 } }, on: 'dep', forMs: 60_000 },
    ...Array.from({ length: 40 }, (_, i) => ({
      at: 400 + i * 200,
      inject: { type: 'down' },
      on: 'dep',
      forMs: 100,
    })),
  ],
  expect: [{ check: 'success-ratio', atLeast: 0 }],
};

async function ourLinks(cleanup: Cleanup, upstream: string): Promise<{ url: string; listen: string }> {
  const server = await startProxyServer({ host: '127.0.0.1', port: 0, seed: 1, warn: () => {} });
  cleanup.add(() => server[Symbol.asyncDispose]());
  const { listen } = await post(`${server.url}/proxies`, {
    name: 'tap',
    listen: '127.0.0.1:0',
    upstream,
    protocol: 'http',
  });
  return { url: server.url, listen };
}

async function tiny(
  cleanup: Cleanup,
  env: Record<string, string>,
): Promise<{ url: string; process: ChildProcess }> {
  const { NODE_OPTIONS: _ours, ...inherited } = process.env;
  const child = spawn(process.execPath, [TINY], {
    env: { ...inherited, ...env },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  cleanup.add(() => child.kill('SIGKILL'));
  const announced = new Promise<string>((resolve) =>
    createInterface({ input: child.stdout as NodeJS.ReadableStream }).once('line', resolve),
  );
  const line = await within(START_LIMIT_MS, 'a tiny service to listen', announced);
  return { url: (JSON.parse(line) as { listening: string }).listening, process: child };
}

export async function post(url: string, body: object): Promise<ShownProxy> {
  const response = await fetch(url, { method: 'POST', body: JSON.stringify(body) });
  if (!response.ok) throw new Error(`${url} answered ${response.status} ${await response.text()}`);
  return (await response.json()) as ShownProxy;
}
