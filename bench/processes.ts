/** What a bench measures, each in a process of its own: the responder, our proxy, a real Toxiproxy. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout } from 'node:timers/promises';
import { freePort } from '../harness/environment/free-port.ts';
import { EnvironmentError } from '../harness/model/errors.ts';

const ROOT = path.join(import.meta.dirname, '..');
const ANNOUNCE_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 3_000;
const RETRY_MS = 50;
const MS_PER_TICK = 10;

/** A process, and what it announced. */
export interface Running extends AsyncDisposable {
  pid: number;
  /** The first group of the pattern it was awaited with. */
  announced: string;
}

/** A proxy server behind Toxiproxy's API. */
export interface ProxyProcess {
  name: 'ours' | 'toxiproxy';
  pid: number;
  apiUrl: string;
}

export function startResponder(): Promise<Running> {
  return start(process.execPath, ['bench/responder.ts'], /listening on (\d+)/);
}

export function startOurs(): Promise<Running> {
  return start(
    process.execPath,
    ['bin/tripcurve.ts', 'proxy', '--port', '0', '--seed', '1'],
    /(http:\/\/\S+),/,
  );
}

export async function startToxiproxy(file: string): Promise<Running> {
  const port = await freePort();
  const running = await start(file, ['-host', '127.0.0.1', '-port', String(port)], /Starting HTTP server/);
  await untilAccepts(port); // it says so before it listens
  return { ...running, announced: `http://127.0.0.1:${port}` };
}

/** Makes a proxy in front of `upstreamPort`; returns the port it listens on. */
export async function makeProxy(proxy: ProxyProcess, name: string, upstreamPort: number): Promise<number> {
  const made = (await call(proxy, '/proxies', {
    name,
    upstream: `127.0.0.1:${upstreamPort}`,
    listen: '127.0.0.1:0',
    ...(proxy.name === 'ours' ? { protocol: 'http' } : {}), // observation is on
  })) as { listen: string };
  return Number(made.listen.split(':').at(-1));
}

/** Puts one toxic on the way back of a proxy, in place of any before it. */
export async function setToxic(
  proxy: ProxyProcess,
  proxyName: string,
  type: string,
  attributes: Record<string, number>,
): Promise<void> {
  await call(proxy, '/reset', {});
  await call(proxy, `/proxies/${proxyName}/toxics`, {
    name: 'bench',
    type,
    stream: 'downstream',
    attributes,
  });
}

/** Memory that the process holds, in bytes (Linux). */
export async function residentBytes(pid: number): Promise<number> {
  const kib = /^VmRSS:\s+(\d+) kB/m.exec(await readFile(`/proc/${pid}/status`, 'utf8'))?.[1];
  if (kib === undefined) throw new EnvironmentError(`/proc/${pid}/status does not tell VmRSS`);
  return Number(kib) * 1024;
}

/** CPU time that the process has used, in ms (Linux: clock ticks of 10 ms). */
export async function cpuMs(pid: number): Promise<number> {
  // The name, in brackets, may hold anything; utime and stime are the 12th and 13th fields behind it.
  const fields = (await readFile(`/proc/${pid}/stat`, 'utf8')).split(') ').at(-1)?.split(' ') ?? [];
  return (Number(fields[11]) + Number(fields[12])) * MS_PER_TICK;
}

async function call(proxy: ProxyProcess, route: string, body: object): Promise<unknown> {
  const response = await fetch(proxy.apiUrl + route, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(ANNOUNCE_LIMIT_MS),
  });
  const text = await response.text();
  if (!response.ok) throw new EnvironmentError(`${proxy.name}: POST ${route}: ${response.status} ${text}`);
  return text === '' ? null : JSON.parse(text);
}

/** Starts a process and waits until a line of its output fits. */
async function start(file: string, args: string[], pattern: RegExp): Promise<Running> {
  const child = spawn(file, args, { cwd: ROOT, stdio: ['pipe', 'pipe', 'pipe'] });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    const late = AbortSignal.timeout(STOP_LIMIT_MS);
    late.onabort = () => child.kill('SIGKILL');
    await gone;
    late.onabort = null;
  };
  try {
    const announced = await firstMatch(child, pattern, `${path.basename(file)} ${args.join(' ')}`);
    return { pid: child.pid ?? 0, announced, [Symbol.asyncDispose]: stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

function firstMatch(child: ChildProcess, pattern: RegExp, what: string): Promise<string> {
  const { stdout, stderr } = child;
  if (stdout === null || stderr === null) throw new EnvironmentError(`${what}: has no output`);
  return new Promise((resolve, reject) => {
    const fail = (why: string): void => reject(new EnvironmentError(`${what}: ${why}`));
    const late = AbortSignal.timeout(ANNOUNCE_LIMIT_MS);
    late.onabort = () => fail(`said nothing of listening for ${ANNOUNCE_LIMIT_MS} ms`);
    child.once('error', (error) => fail(error.message));
    child.once('exit', (code) => fail(`exited with ${code}`));
    // Read on after the match: a process whose output nobody reads blocks in the end.
    for (const input of [stdout, stderr]) {
      createInterface({ input }).on('line', (line) => {
        const match = pattern.exec(line);
        if (match === null) return;
        late.onabort = null;
        resolve(match[1] ?? '');
      });
    }
  });
}

async function untilAccepts(port: number): Promise<void> {
  const deadline = AbortSignal.timeout(ANNOUNCE_LIMIT_MS);
  while (!deadline.aborted) {
    const socket = net.connect(port, '127.0.0.1');
    const accepted = await once(socket, 'connect').then(
      () => true,
      () => false,
    );
    socket.destroy();
    if (accepted) return;
    await setTimeout(RETRY_MS);
  }
  throw new EnvironmentError(`nothing accepts on port ${port} after ${ANNOUNCE_LIMIT_MS} ms`);
}
