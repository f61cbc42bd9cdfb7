/**
 * The rig measures itself first: a client whose schedule is known calls the link directly, and what the
 * link says of it is compared with what the client knows. Nothing finer than the error found is claimed.
 */
import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { Pool } from 'undici';
import type { LinkConfig } from '../model/config.ts';
import type { MeasuredPolicy } from '../model/measured.ts';
import type { Bench, Condition } from './bench.ts';
import { median } from './lab.ts';

const GAPS = 12;
const GAP_MS = 40;
const TIMEOUTS = 4;
const TIMEOUT_MS = 120;
/** Each request of the rig must be over by then. */
const CLIENT_LIMIT_MS = 5_000;

export type Calibration = NonNullable<MeasuredPolicy['calibration']>;

/** A client that asks once, and gives up after `limitMs`. */
interface Client {
  /** Under which it is answered at once, and under which never. */
  readonly answered: Condition;
  readonly silent: Condition;
  ask(limitMs: number): Promise<void>;
  close(): Promise<void>;
}

/** @param linkUrl where the link listens @param protocol what it reads */
export async function calibrate(
  bench: Bench,
  linkUrl: string,
  protocol: LinkConfig['protocol'] = 'http',
): Promise<Calibration> {
  const client = protocol === 'http' ? httpClient(linkUrl) : rawClient(linkUrl, protocol);
  const errors: number[] = [];
  try {
    await bench.arm(client.answered);
    const from = bench.now();
    const own: { startMs: number; endMs: number }[] = [];
    for (let i = 0; i < GAPS; i++) {
      const startMs = bench.now();
      await client.ask(CLIENT_LIMIT_MS);
      own.push({ startMs, endMs: bench.now() });
      await delay(GAP_MS);
    }
    const seen = (await bench.attempts()).filter(({ startMs }) => startMs >= from);
    for (let i = 1; i < GAPS; i++) {
      const [before, after, ownBefore, ownAfter] = [seen[i - 1], seen[i], own[i - 1], own[i]];
      if (before === undefined || after === undefined || ownBefore === undefined || ownAfter === undefined)
        continue;
      errors.push(after.startMs - before.endMs - (ownAfter.startMs - ownBefore.endMs));
    }
    await bench.arm(client.silent);
    for (let i = 0; i < TIMEOUTS; i++) {
      const startMs = bench.now();
      await client.ask(TIMEOUT_MS);
      const ownMs = bench.now() - startMs;
      await delay(GAP_MS);
      const [attempt] = (await bench.attempts()).filter((one) => one.startMs >= startMs);
      if (attempt !== undefined) errors.push(attempt.endMs - attempt.startMs - ownMs);
    }
  } finally {
    await client.close();
    await bench.heal();
  }
  const sorted = errors.toSorted((a, b) => a - b);
  const spreadMs = (sorted.at(-1) ?? 0) - (sorted[0] ?? 0);
  return { offsetMs: median(errors), spreadMs, observations: errors.length };
}

/** Several that were made at once, each on its own link: what holds for all of them. */
export function calibrationOfAll(all: readonly Calibration[]): Calibration {
  const least = Math.min(...all.map(({ offsetMs, spreadMs }) => offsetMs - spreadMs / 2));
  const most = Math.max(...all.map(({ offsetMs, spreadMs }) => offsetMs + spreadMs / 2));
  const observations = all.reduce((sum, one) => sum + one.observations, 0);
  return { offsetMs: median(all.map(({ offsetMs }) => offsetMs)), spreadMs: most - least, observations };
}

/** The error that a calibration allows for. */
export function errorOf({ offsetMs, spreadMs }: Calibration): number {
  return Math.max(1, Math.abs(offsetMs) + spreadMs / 2);
}

function httpClient(url: string): Client {
  const pool = new Pool(url, { connections: 1 });
  return {
    answered: 'status-503',
    silent: 'slow-headers',
    ask: (limitMs) =>
      pool
        .request({ method: 'GET', path: '/', signal: AbortSignal.timeout(limitMs) })
        .then(({ body }) => body.dump())
        .catch(() => {}), // that it gave up is what it is for
    close: () => pool.destroy(),
  };
}

const PROTOCOL_3 = 196_608;

/** Begins a session that is turned away, or a connection that is: neither needs to be known to the dependency. */
function rawClient(url: string, protocol: 'postgres' | 'tcp'): Client {
  const { hostname, port } = new URL(url);
  const isPostgres = protocol === 'postgres';
  const hello = isPostgres ? startup() : Buffer.from('\n');
  return {
    answered: isPostgres ? 'refused-53300' : 'accept-then-fin',
    silent: isPostgres ? 'slow-startup' : 'slow-headers',
    ask: async (limitMs) => {
      const socket = net.connect({ host: hostname, port: Number(port), noDelay: true });
      socket.on('error', () => {}); // a connection that is turned away may end so
      socket.write(hello);
      socket.resume();
      const closed = once(socket, 'close');
      const timer = setTimeout(() => socket.destroy(), limitMs);
      await closed;
      clearTimeout(timer);
    },
    close: async () => {},
  };
}

/** The first message of a client: who it is. Nobody asks for more. */
function startup(): Buffer {
  const text = Buffer.from('user\0calibration\0database\0calibration\0\0');
  const head = Buffer.alloc(8);
  head.writeUInt32BE(head.length + text.length, 0);
  head.writeUInt32BE(PROTOCOL_3, 4);
  return Buffer.concat([head, text]);
}
