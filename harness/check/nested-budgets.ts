/**
 * `nested-budgets`: whoever waits, waits longer than what it waits for. Where a caller's deadline is shorter than its
 * callee's tries times their timeout, the rest is work for nobody: it is reckoned from what is declared, and counted
 * on the wire.
 */
import { z } from 'zod';
import { eventsOf, type History } from '../model/history.ts';
import type { Policy } from '../model/policy.ts';
import type { Ms } from '../model/time.ts';
import { type Attempt, attemptsOn } from './attempts.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { betweenMs } from './evidence.ts';

/** An attempt that ends so soon after its caller went was about to end anyway, in ms. */
const ALMOST_DONE_MS: Ms = 50;

const Params = z.strictObject({
  /** What the caller waits, in ms; left out, `traffic.requestTimeoutMs`. */
  deadlineMs: z.number().positive().optional(),
  /** Only this link; left out, every link with a declared policy. */
  link: z.string().optional(),
});

export const nestedBudgets = defineChecker<z.infer<typeof Params>>({
  name: 'nested-budgets',
  about: 'no link may take longer, all tries together, than its caller waits',
  params: Params,
  judge(history, { deadlineMs, link }) {
    const waitsMs = deadlineMs ?? history.header.scenario.traffic.requestTimeoutMs;
    const links = link === undefined ? Object.keys(history.header.protocols) : [link];
    const budgets = links.flatMap((name) => {
      const policy = history.header.declared[name];
      return policy === undefined ? [] : [{ name, ...budgetOf(policy) }];
    });
    const wasted = links.flatMap((name) => wastedOn(history, name));
    const wastedMs = wasted.reduce((sum, { forNobodyMs }) => sum + forNobodyMs, 0);
    const gaveUp = eventsOf(history, 'request').filter(({ outcome }) => outcome === 'timeout');
    const [worst] = budgets.toSorted((a, b) => b.worstMs - a.worstMs);
    const numbers = {
      deadline: [waitsMs, 'ms'] as [number, string],
      ...(worst === undefined || worst.worstMs === Infinity
        ? {}
        : { worst: [worst.worstMs, 'ms'] as [number, string] }),
      gaveUp: [gaveUp.length, 'callers that gave up'] as [number, string],
      wasted: [wasted.length, 'attempts for nobody'] as [number, string],
      wastedTime: [wastedMs, 'ms'] as [number, string],
    };
    const seen =
      wasted.length === 0
        ? ''
        : `; on the wire ${count(wasted.length, 'attempt')} went on for ${Math.round(wastedMs)} ms in all after the caller had gone`;
    if (worst !== undefined && worst.worstMs > waitsMs) {
      return fails(
        `${worst.name}: nested budgets: a caller waits ${waitsMs} ms, the callee may take ${worst.says}${seen}`,
        numbers,
        wasted.map(({ attempt }) => attempt),
      );
    }
    if (wasted.length > 0) {
      return fails(
        `nested budgets: wasted work${seen}`,
        numbers,
        wasted.map(({ attempt }) => attempt),
      );
    }
    if (worst === undefined)
      return inconclusive(
        `no policy is declared for ${links.join(', ')}, and no attempt outlived its caller`,
        numbers,
      );
    return holds(
      `${worst.name} takes longest, ${worst.says}; a caller waits ${waitsMs} ms, and no attempt outlived its caller`,
      numbers,
    );
  },
});

/** The longest that a call of a link may take: all tries with their timeouts, and the longest waits between. */
function budgetOf({ timeoutMs, retry }: Policy): { worstMs: Ms; says: string } {
  if (timeoutMs === null) return { worstMs: Infinity, says: 'for ever: it has no timeout' };
  const tries = retry?.attempts ?? 1;
  if (retry === null || tries === 1) return { worstMs: timeoutMs, says: `${timeoutMs} ms` };
  const { kind, baseMs, factor = 2, capMs = Infinity } = retry.backoff;
  let waitsMs = 0;
  for (let n = 0; n < tries - 1; n++) {
    const wait = { none: 0, constant: baseMs, linear: baseMs * (n + 1), exponential: baseMs * factor ** n }[
      kind
    ];
    waitsMs += Math.min(capMs, wait);
  }
  const allMs = tries * timeoutMs + waitsMs;
  const worstMs = Math.min(allMs, retry.deadlineMs ?? Infinity);
  const cut = worstMs < allMs ? `, ended at ${worstMs} ms by the deadline of its tries` : ` = ${allMs} ms`;
  return { worstMs, says: `${tries} × ${timeoutMs} ms and ${waitsMs} ms of waits${cut}` };
}

/** Attempts that went on after the caller of their request had given up. */
function wastedOn(history: History, link: string): { attempt: Attempt; forNobodyMs: Ms }[] {
  const gone = new Map(
    eventsOf(history, 'request')
      .filter(({ outcome }) => outcome === 'timeout')
      .map(({ trace, endT }) => [trace, endT]),
  );
  return attemptsOn(history, link).flatMap((attempt) => {
    const goneT = attempt.trace === null ? undefined : gone.get(attempt.trace);
    if (goneT === undefined || attempt.endT <= goneT) return [];
    const forNobodyMs = betweenMs(Math.max(attempt.t, goneT), attempt.endT);
    return forNobodyMs > ALMOST_DONE_MS || attempt.t > goneT ? [{ attempt, forNobodyMs }] : [];
  });
}
