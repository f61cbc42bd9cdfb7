/**
 * `metrics-agree`: what the target tells of a link agrees with what was seen on it. Its counters rise by as much as
 * attempts ended, and its breaker is not told closed while nothing is attempted, nor open while much is. A dashboard
 * that shows another outage than the one there is costs more than none.
 */
import { z } from 'zod';
import { type BreakerEvent, eventsOf, type History } from '../model/history.ts';
import { toNs } from '../model/time.ts';
import { UNSEEN } from './always.ts';
import { type Attempt, attemptsOn } from './attempts.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { DEMAND_MIN, gather, openSpans } from './evidence.ts';
import { readingsOf, unread } from './readings.ts';
import { isWithin, loadStart, type Span } from './windows.ts';

/** Calls under way when a number was read count on one side only. */
const SLACK_CALLS = 3;
/** States are polled, and the target learns later than the wire; a stretch must be as long to be judged. */
const POLL_NS = toNs(150);
const STRETCH_NS_MIN = toNs(300);
/** By so much a poll may be late on a busy machine, where the target has closed its breaker long before. */
const LATE_POLL_NS = toNs(500);

const Params = z.strictObject({
  link: z.string(),
  /** Readings (`target.readings`) that count calls that failed, and calls that went well. */
  failures: z.string().optional(),
  successes: z.string().optional(),
  /** How far counter and wire may be apart. */
  toleranceRatio: z.number().min(0).max(1).default(0.1),
});

export const metricsAgree = defineChecker<z.infer<typeof Params>>({
  name: 'metrics-agree',
  about: 'counters and breaker states that the target tells agree with what was seen on the link',
  params: Params,
  readsWire: true,
  readings: ({ failures, successes }) => [failures, successes].filter((name) => name !== undefined),
  judge(history, { link, failures, successes, toleranceRatio }) {
    const attempts = attemptsOn(history, link);
    const states = statesAgainst(history, link);
    if (states !== null && states.wrong.length > 0) {
      return fails(`${link}: metrics disagree with the wire: ${states.says}`, states.numbers, states.wrong);
    }
    const asked = [
      { name: failures, of: 'failed', counts: ({ failed }: Attempt) => failed },
      { name: successes, of: 'good', counts: ({ failed }: Attempt) => !failed },
    ].flatMap(({ name, ...rest }) => (name === undefined ? [] : [{ name, ...rest }]));
    const unseen = eventsOf(history, 'fault').some(
      (fault) => fault.link === link && UNSEEN.has(fault.spec?.type ?? ''),
    );
    const told: string[] = [];
    const numbers: Record<string, [number, string]> = { ...states?.numbers };
    for (const { name, of, counts } of asked) {
      const readings = readingsOf(history, name).filter(({ t }) => t >= loadStart(history));
      const [first] = readings;
      const last = readings.at(-1);
      if (first === undefined || last === undefined || first === last) return inconclusive(unread(name));
      const seen = attempts.filter(
        (attempt) => counts(attempt) && isWithin(attempt.endT, { fromT: first.t, toT: last.t }),
      );
      const rose = last.value - first.value;
      numbers[name] = [rose, last.unit];
      numbers[`${of}OnTheWire`] = [seen.length, 'attempts'];
      // What a link cannot see, the target alone counts.
      const hidden = unseen && of === 'failed' ? Infinity : 0;
      const slack = SLACK_CALLS + toleranceRatio * seen.length;
      if (rose < seen.length - slack || rose > seen.length + slack + hidden) {
        return fails(
          `${link}: metrics disagree with the wire: ${name} rose by ${rose}, ${count(seen.length, `${of} attempt`)} ended on the link meanwhile`,
          numbers,
          [first, last, ...seen],
        );
      }
      told.push(`${name} rose by ${rose} (${seen.length} on the wire)`);
    }
    const failed = attempts.filter((attempt) => attempt.failed);
    if (asked.length === 0 && states === null)
      return inconclusive(`${link}: the target tells no breaker state, and no reading was named`);
    if (failed.length < DEMAND_MIN && !unseen)
      return inconclusive(
        `${link}: ${count(failed.length, 'failed attempt')}; too little to disagree about`,
        numbers,
      );
    if (states !== null) told.push(states.says);
    return holds(`${link}: ${told.join('; ')}`, numbers, states?.told ?? []);
  },
});

interface States {
  says: string;
  numbers: Record<string, [number, string]>;
  told: readonly BreakerEvent[];
  /** What disagrees. */
  wrong: readonly { id: number }[];
}

/** What the target says of its breaker, against the declared one replayed; null where it says nothing. */
function statesAgainst(history: History, link: string): States | null {
  const told = eventsOf(history, 'breaker').filter((event) => event.link === link);
  const evidence = gather(history, link);
  if (told.length === 0 || typeof evidence === 'string') return null;
  const open = openSpans(evidence).filter(({ fromT, toT }) => toT - fromT >= STRETCH_NS_MIN);
  const unsaid = open.filter((span) => isToldClosed(told, span));
  const saidOpen = told
    .map((event, i): { event: BreakerEvent; span: Span } => ({
      event,
      span: { fromT: event.t + POLL_NS, toT: (told[i + 1]?.t ?? Infinity) - LATE_POLL_NS },
    }))
    .filter(({ event }) => event.to === 'open');
  const closed = evidence.replay.spans.filter(({ state }) => state === 'closed');
  // Probes are no calls through a closed breaker.
  const through = saidOpen.map(({ span }) =>
    evidence.attempts.filter(({ t }) => isWithin(t, span) && closed.some((stretch) => isWithin(t, stretch))),
  );
  const busy = through.filter((attempts) => attempts.length >= DEMAND_MIN);
  const numbers: Record<string, [number, string]> = {
    openOnTheWire: [open.length, 'stretches'],
    toldOpen: [saidOpen.length, 'stretches'],
  };
  if (unsaid.length > 0) {
    const cites = evidence.replay.trips.flatMap(({ failures }) => failures);
    return {
      says: `the breaker is told closed while it is open (${count(unsaid.length, 'time')} of ${open.length})`,
      numbers,
      told,
      wrong: cites,
    };
  }
  if (busy.length > 0) {
    const attempts = busy.flat();
    return {
      says: `the breaker is told open while ${count(attempts.length, 'attempt')} began`,
      numbers,
      told,
      wrong: attempts,
    };
  }
  return { says: `the breaker was told open ${count(saidOpen.length, 'time')}`, numbers, told, wrong: [] };
}

/** Whether the target said closed all the while, and a poll longer. */
function isToldClosed(told: readonly BreakerEvent[], { fromT, toT }: Span): boolean {
  const atStart = told.findLast(({ t }) => t <= fromT)?.to ?? 'closed';
  const during = told.filter(({ t }) => t > fromT && t <= toT + POLL_NS);
  return atStart === 'closed' && during.every(({ to }) => to === 'closed');
}
