/** What must hold of any schedule, whatever was drawn. */
import type { Config } from '../model/config.ts';
import type { ExploreBounds } from '../model/explore.ts';
import type { Policy } from '../model/policy.ts';
import type { Expectation, ScenarioInput } from '../model/scenario.ts';

export type Invariants = NonNullable<ExploreBounds['invariants']>;

/**
 * Those of the config; else what can be asked of any target: requests are answered in time, all is as before after
 * the heal, and of a link with a declared breaker that it is heeded, tries are counted and the link is used again.
 * With an audit of writes, that each is stored once.
 */
export function invariantsOf(config: Config, declared: Readonly<Record<string, Policy>>): Invariants {
  if (config.explore.invariants !== undefined) return config.explore.invariants;
  const guarded = Object.keys(config.links).filter((link) => (declared[link]?.breaker ?? null) !== null);
  return {
    always: [
      { check: 'deadline-respected' },
      { check: 'goodput-recovers', counts: config.served === undefined ? 'answered' : 'live' },
      ...('writes' in config.audits ? [{ check: 'exactly-once' }] : []),
    ],
    faulted: guarded.flatMap((link) => [
      { check: 'retries-bounded', link },
      { check: 'silent-while-open', link },
      { check: 'breaker-recovers', link },
    ]),
  };
}

/** What is expected of a schedule with these faults. */
export function expectationsFor(
  { always, faulted }: Invariants,
  timeline: ScenarioInput['timeline'],
): Expectation[] {
  return [
    ...always,
    ...linksOf(timeline).flatMap((link) =>
      faulted
        .filter((expectation) => expectation.link === undefined || expectation.link === link)
        .map((expectation) => ({ ...expectation, link })),
    ),
  ];
}

/** Links that a time line does something to, in the order in which it does. */
export function linksOf(timeline: ScenarioInput['timeline']): string[] {
  return [...new Set(timeline.flatMap((step) => ('on' in step ? [step.on] : [])))];
}
