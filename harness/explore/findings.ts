/** What the verdicts on a drawn schedule come to: which invariants were put to the test, and which were broken. */
import type { Judgement } from '../model/verdict.ts';

/** An invariant of one link, or of the whole. */
export interface Asked {
  check: string;
  link?: string | undefined;
}

/** One that a schedule broke. */
export interface Broken extends Asked {
  /** As in {@link Judgement}. */
  part: string;
  says: string;
}

/** What one schedule showed. */
export interface Shown {
  /** Why nothing can be concluded from it; null: it can. */
  unfit: string | null;
  tested: Asked[];
  /** Asked, but there was nothing to judge. */
  untested: Asked[];
  broken: Broken[];
}

/** Told of the load itself: where it did not go as planned, nothing that follows says anything of the target. */
const CONDITIONS = ['load-on-schedule', 'machine-kept-up', 'can-be-injected'];
/** About the rig's own part in a schedule: a fault that hit nothing shows nothing, and is no reason to doubt the rest. */
const OWN = ['faults-hit'];

/** Reads the verdicts on one schedule. */
export function shownBy(judgements: readonly Judgement[]): Shown {
  const unfit = judgements.find(
    ({ check, part, verdict }) =>
      verdict.outcome !== 'holds' && (CONDITIONS.includes(check) || part === 'steady state before'),
  );
  if (unfit !== undefined)
    return { unfit: `${unfit.check}: ${unfit.verdict.says}`, tested: [], untested: [], broken: [] };
  const asked = judgements.filter(
    ({ check, part }) =>
      part !== 'steady state before' && !CONDITIONS.includes(check) && !OWN.includes(check),
  );
  const of = (judgement: Judgement): Asked => ({ check: judgement.check, link: judgement.link });
  return {
    unfit: null,
    tested: asked.filter(({ verdict }) => verdict.outcome !== 'inconclusive').map(of),
    untested: asked.filter(({ verdict }) => verdict.outcome === 'inconclusive').map(of),
    broken: asked
      .filter(({ verdict }) => verdict.outcome === 'fails')
      .map((judgement) => ({ ...of(judgement), part: judgement.part, says: judgement.verdict.says })),
  };
}

/** `silent-while-open llm` */
export function nameOf({ check, link }: Asked): string {
  return link === undefined ? check : `${check} ${link}`;
}

/** How often an invariant was asked for, and how often there was something to judge. */
export interface Tally extends Asked {
  asked: number;
  tested: number;
  broken: number;
}

/** Adds up what schedules showed, in the order in which invariants came up. */
export function tally(shown: readonly Shown[]): Tally[] {
  const tallies = new Map<string, Tally>();
  for (const { tested, untested, broken } of shown) {
    for (const one of [...tested, ...untested]) {
      const row = tallies.get(nameOf(one)) ?? { ...one, asked: 0, tested: 0, broken: 0 };
      row.asked++;
      if (tested.includes(one)) row.tested++;
      tallies.set(nameOf(one), row);
    }
    for (const one of broken) {
      const row = tallies.get(nameOf(one));
      if (row !== undefined) row.broken++;
    }
  }
  return [...tallies.values()];
}
