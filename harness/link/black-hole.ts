/**
 * A port on which nobody answers the dial: no refusal, no RST, the SYN is dropped. As a firewall, a lost
 * route or a paused machine does it, and without the privileges to be one. A listener whose owner
 * sleeps, with a full queue of waiting connections, makes the kernel drop every further SYN (Linux:
 * tcp_conn_request returns early while sk_acceptq_is_full).
 */
import { once } from 'node:events';
import net from 'node:net';
import { Worker } from 'node:worker_threads';
import type { Address } from './address.ts';

/** The kernel takes backlog + 1 connections into the queue; more tries than this and something is amiss. */
const FILLERS_MAX = 8;

/** On loopback a connection is made in well under a millisecond; one that takes this long is not being made. */
const DROPPED_AFTER_MS = 150;

/**
 * Opens a black hole on a free address; the function it returns closes it again.
 * @throws the system's error where the address is taken; Error where this system answers all the same.
 */
export async function openBlackHole(address: Address): Promise<() => Promise<void>> {
  const wake = new Int32Array(new SharedArrayBuffer(4));
  const worker = new Worker(new URL('./black-hole-worker.ts', import.meta.url), {
    workerData: { address, wake },
  });
  const fillers: net.Socket[] = [];
  const close = async (): Promise<void> => {
    for (const filler of fillers) filler.destroy();
    Atomics.store(wake, 0, 1);
    Atomics.notify(wake, 0);
    await once(worker, 'exit').catch(() => {});
  };
  const [answer] = (await once(worker, 'message')) as [{ error?: { message: string; code?: string } }];
  if (answer.error !== undefined) {
    await worker.terminate();
    throw Object.assign(new Error(answer.error.message), { code: answer.error.code });
  }
  for (let i = 0; i < FILLERS_MAX; i++) {
    const filler = net.connect(address);
    filler.on('error', () => {}); // it is reset when the hole closes
    if (!(await connects(filler))) {
      filler.destroy();
      return close;
    }
    fillers.push(filler);
  }
  await close();
  throw new Error(`this system answers dials to ${address.host}:${address.port} though nobody takes them`);
}

function connects(socket: net.Socket): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), DROPPED_AFTER_MS);
    socket.once('connect', () => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
