/** Watches from outside whether a target whose process is not ours is there at all. */
import net from 'node:net';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import type { Clock } from '../model/time.ts';
import { hostOf } from './allowed.ts';

/** Between two looks; a target that is back sooner is not seen to have been away. */
const EVERY_MS = 250;

/**
 * Dials the entry again and again, and sends nothing: a dial that is refused is a process that went down.
 * Tells that it started, and of each time that it goes and comes, until the function it returns is called.
 */
export function watchEntry(
  entryUrl: string,
  name: string,
  now: Clock,
  emit: (event: Unnumbered<HistoryEvent>) => void,
): () => void {
  const { port, protocol } = new URL(entryUrl);
  const address = { host: hostOf(entryUrl), port: Number(port || (protocol === 'https:' ? 443 : 80)) };
  const tell = (what: 'started' | 'exited'): void =>
    emit({ kind: 'process', t: now(), name, what, pid: 0, code: null, signal: null, expected: false });
  let isUp = true;
  tell('started');
  const dials = new Set<net.Socket>();
  const look = (): void => {
    if (dials.size > 0) return; // the last one is not answered yet
    const dial = net.connect(address);
    dials.add(dial);
    dial.once('connect', () => {
      if (!isUp) tell('started');
      isUp = true;
      dial.destroy();
    });
    dial.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code !== 'ECONNREFUSED' || !isUp) return;
      isUp = false;
      tell('exited');
    });
    dial.once('close', () => dials.delete(dial));
  };
  const timer = setInterval(look, EVERY_MS);
  return () => {
    clearInterval(timer);
    for (const dial of dials) dial.destroy();
  };
}
