/**
 * Makes a schedule that fails smaller for as long as it goes on failing in the same way: fewer faults, fewer kinds of
 * requests, plainer and shorter faults. Greedy over ever finer reductions, as in delta debugging (Zeller and
 * Hildebrandt, IEEE TSE 2002); each try is a run of the target, so several are tried at once.
 */
import { phasesOf, type ScenarioInput } from '../model/scenario.ts';
import { GRAIN_MS, grain, SHORTEST_MS } from './grain.ts';

type Step = ScenarioInput['timeline'][number];

/** A rate that a person would choose, in req/s; a drawn one is lowered to the next of these. */
const PLAIN_RATES = [40, 20, 10];
/** So many requests before the first fault are left at any rate: a steady state is judged from ten, and chance has its part. */
const REQUESTS_BEFORE_MIN = 25;

export interface Shrunk {
  scenario: ScenarioInput;
  /** From what was found to the smallest: each is one reduction of the one before. */
  path: readonly ScenarioInput[];
  /** Tries it took. */
  runs: number;
  /** False: the tries were used up before nothing more could be left out. */
  isSmallest: boolean;
}

/**
 * @param fails runs candidates, some or all of them, and says which is the first that fails in the same way; -1: none
 * @param atOnce candidates at a time
 * @param runsMax tries at most
 */
export async function shrink(
  found: ScenarioInput,
  fails: (candidates: readonly ScenarioInput[]) => Promise<number>,
  { atOnce, runsMax }: { atOnce: number; runsMax: number },
): Promise<Shrunk> {
  const tried = new Set<string>([keyOf(found)]);
  const path = [found];
  let scenario = found;
  let runs = 0;
  for (;;) {
    const candidates = reductions(scenario).filter((candidate) => !tried.has(keyOf(candidate)));
    if (candidates.length === 0) return { scenario, path, runs, isSmallest: true };
    if (runs >= runsMax) return { scenario, path, runs, isSmallest: false };
    const batch = candidates.slice(0, Math.min(atOnce, runsMax - runs));
    for (const candidate of batch) tried.add(keyOf(candidate));
    runs += batch.length;
    const smaller = batch[await fails(batch)];
    if (smaller === undefined) continue;
    scenario = smaller;
    path.push(smaller);
  }
}

/** Everything that is one step smaller, the largest steps first. None is equal to another. */
export function reductions(scenario: ScenarioInput): ScenarioInput[] {
  const { timeline } = scenario;
  const candidates: ScenarioInput[] = [];
  for (let size = Math.floor(timeline.length / 2); size >= 1; size = Math.floor(size / 2))
    for (let from = 0; from < timeline.length; from += size)
      candidates.push(withTimeline(scenario, [...timeline.slice(0, from), ...timeline.slice(from + size)]));

  const kinds = Object.entries(scenario.traffic.mix);
  if (kinds.length > 1) {
    for (const kind of kinds) candidates.push(withMix(scenario, [kind]));
    if (kinds.length > 2)
      for (const [name] of kinds)
        candidates.push(
          withMix(
            scenario,
            kinds.filter((kind) => kind[0] !== name),
          ),
        );
  }
  for (const [i, step] of timeline.entries())
    for (const plainer of plainerSteps(step))
      candidates.push(
        withTimeline(
          scenario,
          timeline.map((other, j) => (i === j ? plainer : other)),
        ),
      );
  // What lies far behind the first comes nearer, all that follows it too.
  for (let i = 1; i < timeline.length; i++) {
    const [step, before] = [timeline[i] as Step, timeline[i - 1] as Step];
    const nearerMs = grain((step.at - before.at) / 2);
    if (step.at - before.at > GRAIN_MS)
      candidates.push(
        withTimeline(
          scenario,
          timeline.map((other, j) => (j < i ? other : { ...other, at: other.at - nearerMs })),
        ),
      );
  }
  const { faultAtMs } = phasesOf(scenario);
  const rate = PLAIN_RATES.find(
    (plain) => plain < scenario.traffic.ratePerSecond && (plain * faultAtMs) / 1_000 >= REQUESTS_BEFORE_MIN,
  );
  if (rate !== undefined)
    candidates.push({ ...scenario, traffic: { ...scenario.traffic, ratePerSecond: rate } });
  if (kinds.some(([, weight]) => weight !== 1))
    candidates.push(
      withMix(
        scenario,
        kinds.map(([name]) => [name, 1]),
      ),
    );
  if (scenario.traffic.arrivals !== 'constant')
    candidates.push({ ...scenario, traffic: { ...scenario.traffic, arrivals: 'constant' } });
  const unique = new Map(candidates.map((candidate) => [keyOf(candidate), candidate]));
  unique.delete(keyOf(scenario));
  return [...unique.values()].filter((candidate) => candidate.timeline.length > 0);
}

/** The same fault plainer, or for half as long. */
function plainerSteps(step: Step): Step[] {
  const plainer: Step[] = [];
  if ('inject' in step) {
    const { inject } = step;
    for (const key of ['toxicity', 'probability', 'match', 'times', 'stream'] as const)
      if (inject[key] !== undefined) {
        const { [key]: _, ...rest } = inject;
        plainer.push({ ...step, inject: rest });
      }
    if (typeof inject.attributes?.jitter === 'number' && inject.attributes.jitter > 0)
      plainer.push({ ...step, inject: { ...inject, attributes: { ...inject.attributes, jitter: 0 } } });
  }
  if ('forMs' in step && step.forMs !== undefined) {
    const shorterMs = Math.max(SHORTEST_MS, grain(step.forMs / 2));
    if (shorterMs < step.forMs) plainer.push({ ...step, forMs: shorterMs });
  }
  return plainer;
}

function withTimeline(scenario: ScenarioInput, timeline: Step[]): ScenarioInput {
  // The first that is left comes when the first of all did.
  const lateMs = Math.min(...timeline.map(({ at }) => at)) - phasesOf(scenario).faultAtMs;
  return { ...scenario, timeline: timeline.map((step) => ({ ...step, at: step.at - lateMs })) };
}

function withMix(scenario: ScenarioInput, kinds: readonly (readonly [string, number])[]): ScenarioInput {
  return { ...scenario, traffic: { ...scenario.traffic, mix: Object.fromEntries(kinds) } };
}

function keyOf(scenario: ScenarioInput): string {
  return JSON.stringify([scenario.timeline, scenario.traffic]);
}
