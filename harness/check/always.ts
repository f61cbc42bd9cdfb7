/** What every run must satisfy, whatever its scenario expects: else its other verdicts are worth nothing. */
import { z } from 'zod';
import { type EventOf, eventsOf, type FaultEvent, type History } from '../model/history.ts';
import { toMs } from '../model/time.ts';
import type { Judgement } from '../model/verdict.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { isWithin, loadEnd, needs, percentile } from './windows.ts';

const None = z.strictObject({});

/** Each fault, with how many connections and exchanges it acted on. */
export interface FaultHits {
  fault: FaultEvent;
  connections: number;
  exchanges: number;
  /** Requests that needed the link while it could not be reached, after the last that got through. */
  keptOut: number;
}

/** Faults that keep requests from reaching the link at all; they hit what needed it and did not get through. */
export const UNSEEN: ReadonlySet<string> = new Set(['down', 'black_hole', 'process_hide-name']);

/** Counts the hits of every injected fault from the link's own records. */
export function faultHits(history: History): FaultHits[] {
  const faults = eventsOf(history, 'fault').filter(({ what }) => what === 'injected');
  return faults.map((fault) => {
    const healedT = eventsOf(history, 'fault').find(
      ({ what, link, fault: id, t }) =>
        what === 'healed' && link === fault.link && id === fault.fault && t >= fault.t,
    )?.t;
    const span = { fromT: fault.t, toT: healedT ?? loadEnd(history) };
    const hit = (event: { link: string; faults: string[] }): boolean =>
      event.link === fault.link && event.faults.includes(fault.fault);
    const work = [...eventsOf(history, 'exchange'), ...eventsOf(history, 'statement')].filter(
      (event) => hit(event) && event.endT >= span.fromT && event.t < span.toT,
    );
    const connections = new Set([
      ...work.map(({ connection }) => connection),
      ...eventsOf(history, 'connection')
        .filter(hit)
        .map(({ connection }) => connection),
    ]);
    const through = [...eventsOf(history, 'exchange'), ...eventsOf(history, 'statement')].filter(
      ({ link, t }) => link === fault.link && isWithin(t, span),
    );
    const lastThroughT = Math.max(-Infinity, ...through.map(({ t }) => t));
    const demanding = eventsOf(history, 'request')
      .filter(needs(history, fault.link))
      .filter(({ startT }) => isWithin(startT, span) && startT > lastThroughT);
    const keptOut = UNSEEN.has(fault.spec?.type ?? '') ? demanding.length : 0;
    return { fault, connections: connections.size, exchanges: work.length, keptOut };
  });
}

export const faultsHit = defineChecker<z.infer<typeof None>>({
  name: 'faults-hit',
  about: 'every injected fault acted on at least one connection or exchange',
  params: None,
  readsWire: true,
  applies: ({ timeline }) => timeline.some((step) => 'inject' in step || 'process' in step),
  judge(history) {
    const hits = faultHits(history);
    if (hits.length === 0) return inconclusive('no fault was injected');
    const missed = hits.filter(
      ({ connections, exchanges, keptOut }) => connections + exchanges + keptOut === 0,
    );
    const told = hits.map(({ fault, connections, exchanges, keptOut }) => {
      const out = keptOut > 0 ? `, ${count(keptOut, 'request')} kept out` : '';
      return `${fault.fault} on ${fault.link} hit ${count(connections, 'connection')}, ${count(exchanges, 'exchange')}${out}`;
    });
    const numbers = {
      faults: [hits.length, 'faults'] as [number, string],
      exchanges: [hits.reduce((sum, { exchanges }) => sum + exchanges, 0), 'exchanges'] as [number, string],
      connections: [hits.reduce((sum, { connections }) => sum + connections, 0), 'connections'] as [
        number,
        string,
      ],
    };
    const cites = hits.map(({ fault }) => fault);
    return missed.length > 0
      ? inconclusive(`hit nothing: ${told.join('; ')}`, numbers, cites)
      : holds(told.join('; '), numbers, cites);
  },
});

/** Requests sent later than this after their intended moment were not the load that was asked for. */
const LATE_MS_P99 = 250;
const DROPPED_RATIO_MAX = 0.01;

/** Whether a judgement says that the load was driven late: that says something of the machine, and nothing of the target. */
export function isLoadLate({ check, verdict: { outcome, numbers } }: Judgement): boolean {
  const lateMs = numbers.latenessP99?.value ?? 0;
  return check === loadOnSchedule.name && outcome === 'inconclusive' && lateMs > LATE_MS_P99;
}

export const loadOnSchedule = defineChecker<z.infer<typeof None>>({
  name: 'load-on-schedule',
  about: 'requests left when they were meant to, and hardly any was dropped',
  params: None,
  judge(history) {
    const requests = eventsOf(history, 'request');
    if (requests.length === 0) return inconclusive('no request was sent');
    const dropped = requests.filter(({ outcome }) => outcome === 'dropped');
    const lateMs = percentile(
      requests.map(({ t, startT }) => toMs(startT - t)),
      0.99,
    );
    const numbers = {
      requests: [requests.length, 'requests'] as [number, string],
      dropped: [dropped.length, 'requests'] as [number, string],
      latenessP99: [lateMs, 'ms'] as [number, string],
    };
    const says = `${count(requests.length, 'request')}, ${dropped.length} dropped, sent at most ${lateMs.toFixed(1)} ms late (p99)`;
    if (lateMs > LATE_MS_P99)
      return inconclusive(`${says}: this machine was too busy to drive the load`, numbers);
    if (dropped.length / requests.length > DROPPED_RATIO_MAX) {
      return inconclusive(
        `${says}: too many were open at once; raise traffic.maxInFlight or lower the rate`,
        numbers,
        dropped,
      );
    }
    return holds(says, numbers);
  },
});

export const nothingLeft = defineChecker<z.infer<typeof None>>({
  name: 'nothing-left',
  about: 'after the heal no fault is left on any link',
  params: None,
  judge(history) {
    const residue: EventOf<'residue'> | undefined = eventsOf(history, 'residue').at(-1);
    if (residue === undefined) return inconclusive('nobody looked whether a fault was left behind');
    const numbers = { left: [residue.left.length, 'faults'] as [number, string] };
    if (residue.left.length > 0) return fails(`left behind: ${residue.left.join(', ')}`, numbers, [residue]);
    return holds('every fault was lifted', numbers, [residue]);
  },
});

export const nothingCrashed = defineChecker<z.infer<typeof None>>({
  name: 'nothing-crashed',
  about: 'no process went down that nobody stopped',
  params: None,
  judge(history) {
    const processes = eventsOf(history, 'process');
    const crashed = processes.filter(({ what, expected }) => what === 'exited' && !expected);
    const started = processes.filter(({ what }) => what === 'started').length;
    const numbers = {
      processes: [started, 'processes'] as [number, string],
      crashed: [crashed.length, 'processes'] as [number, string],
    };
    if (started === 0) return inconclusive('no process was seen', numbers);
    if (crashed.length > 0) {
      const told = crashed
        .map(({ name, code, signal }) => `${name} (${signal ?? `code ${code}`})`)
        .join(', ');
      return fails(`went down by itself: ${told}`, numbers, crashed);
    }
    return holds(`${started === 1 ? '1 process' : `${started} processes`} stayed up`, numbers);
  },
});
