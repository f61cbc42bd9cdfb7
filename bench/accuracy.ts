/** How exactly a toxic does what it is asked: latency and bandwidth, asked and measured. */

import { once } from 'node:events';
import net from 'node:net';
import { download } from './bulk.ts';
import { type ProxyProcess, setToxic } from './processes.ts';
import { median } from './statistics.ts';

/** What is asked, and how much of it is measured: about a second each. */
const LATENCIES = [
  { askedMs: 5, requests: 40 },
  { askedMs: 50, requests: 15 },
  { askedMs: 500, requests: 3 },
];
const BANDWIDTHS = [
  { askedKBps: 100, bytes: 100_000 },
  { askedKBps: 1_000, bytes: 1_000_000 },
];

/** One toxic, asked and measured in the same unit. */
export interface Accuracy {
  toxic: string;
  asked: number;
  measured: number;
  unit: 'ms' | 'KB/s';
}

export async function measureAccuracy(
  proxy: ProxyProcess,
  proxyName: string,
  port: number,
): Promise<Accuracy[]> {
  const found: Accuracy[] = [];
  for (const { askedMs, requests } of LATENCIES) {
    await setToxic(proxy, proxyName, 'latency', { latency: askedMs, jitter: 0 });
    found.push({ toxic: 'latency', asked: askedMs, measured: await latencyMs(port, requests), unit: 'ms' });
  }
  for (const { askedKBps, bytes } of BANDWIDTHS) {
    await setToxic(proxy, proxyName, 'bandwidth', { rate: askedKBps });
    const measured = (await download(port, bytes)) / 1000;
    found.push({ toxic: 'bandwidth', asked: askedKBps, measured, unit: 'KB/s' });
  }
  return found;
}

/** Median time from request to answer on one warm connection. */
async function latencyMs(port: number, requests: number): Promise<number> {
  const socket = net.connect({ port, host: '127.0.0.1', noDelay: true });
  try {
    await once(socket, 'connect');
    const times: number[] = [];
    for (let i = 0; i < requests; i++) {
      const started = performance.now();
      socket.write('GET / HTTP/1.1\r\nhost: bench\r\n\r\n');
      await once(socket, 'data');
      times.push(performance.now() - started);
    }
    return median(times);
  } finally {
    socket.destroy();
  }
}
