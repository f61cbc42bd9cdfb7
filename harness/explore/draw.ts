/**
 * Draws schedules: which faults on which links, when, overlapping how, under which traffic. Each schedule first draws
 * what it is made of (a few links, a few kinds of faults, a few kinds of requests) and then draws from that alone:
 * all kinds in every schedule would hide each other, and a repeat of one would be rare ("swarm testing", Groce et
 * al., ISSTA 2012).
 */
import { type Config, withProfile } from '../model/config.ts';
import { UsageError } from '../model/errors.ts';
import type { ExploreBounds } from '../model/explore.ts';
import type { Policy } from '../model/policy.ts';
import { seedFor } from '../model/random.ts';
import type { ScenarioInput, Step } from '../model/scenario.ts';
import { known } from '../scenario/load.ts';
import { Dice } from './dice.ts';
import { GRAIN_MS, grain, SHORTEST_MS } from './grain.ts';
import { expectationsFor, type Invariants, linksOf } from './invariants.ts';
import { allKinds, drawFault, kindsFor, planeOf, type Scale } from './kinds.ts';

/** What schedules are drawn from. */
export interface Space {
  bounds: ExploreBounds;
  profile: string;
  /** Kinds of faults by link; links without any are left alone. */
  kinds: Readonly<Record<string, readonly string[]>>;
  /** Kinds of requests that may be sent: weight, and links that each needs. */
  mix: Readonly<Record<string, { weight: number; needs: readonly string[] }>>;
  scales: Readonly<Record<string, Scale>>;
  recoveryMs: number;
  invariants: Invariants;
}

/** Where a target declares nothing. */
const SCALE: Scale = { timeoutMs: 1_000, openMs: 2_000 };
/** Beyond the open duration and a quarter of it: what the target needs to be seen as before, in ms. */
const RECOVERY_SLACK_MS = 2_000;

/**
 * What to draw from.
 * @param declared policy by link
 * @param cannot why a step cannot be carried out in this environment; null: it can
 * @throws UsageError where the bounds name what there is not, or leave nothing to draw
 */
export function spaceOf(
  given: Config,
  profile: string,
  declared: Readonly<Record<string, Policy>>,
  invariants: Invariants,
  cannot: (step: Step) => string | null,
): Space {
  const config = withProfile(given, profile);
  const { explore: bounds } = config;
  for (const [link, kinds] of Object.entries(bounds.faults)) {
    known(link, Object.keys(config.links), 'explore.faults', 'link');
    for (const kind of kinds) known(kind, allKinds(), `explore.faults.${link}`, 'kind of fault');
  }
  const mix = bounds.mix ?? Object.fromEntries(Object.keys(config.requests).map((name) => [name, 1]));
  for (const name of Object.keys(mix)) known(name, Object.keys(config.requests), 'explore.mix', 'request');
  const sent = Object.entries(mix).filter(([, weight]) => weight > 0);
  if (sent.length === 0) throw new UsageError('explore.mix: no request has a weight above 0');

  const scales = Object.fromEntries(
    Object.keys(config.links).map((link) => [
      link,
      {
        timeoutMs: declared[link]?.timeoutMs ?? SCALE.timeoutMs,
        openMs: declared[link]?.breaker?.openMs ?? SCALE.openMs,
      },
    ]),
  );
  const dice = new Dice(0);
  const kinds = Object.fromEntries(
    Object.entries(config.links).map(([link, { protocol }]) => [
      link,
      (bounds.faults[link] ?? kindsFor(protocol)).filter(
        (kind) => cannot(Object.assign({ at: 0, on: link }, drawFault(kind, dice, SCALE)) as Step) === null,
      ),
    ]),
  );
  if (Object.values(kinds).every((list) => list.length === 0))
    throw new UsageError('explore.faults: no link is left with a fault that can be injected here');
  const longestMs = Math.max(...Object.values(scales).map((scale) => scale.openMs * 1.25 + scale.timeoutMs));
  const recoveryMs = bounds.recoveryMs ?? Math.ceil(longestMs + RECOVERY_SLACK_MS);
  return {
    bounds,
    profile,
    kinds,
    mix: Object.fromEntries(
      sent.map(([name, weight]) => [name, { weight, needs: config.requests[name]?.needs ?? [] }]),
    ),
    scales,
    recoveryMs,
    invariants,
  };
}

/** Schedule number `index`, from 1, of a seed: a scenario. The same whatever was drawn before. */
export function draw(space: Space, seed: number, index: number): ScenarioInput {
  const { bounds, profile, recoveryMs, invariants } = space;
  const dice = new Dice(seedFor(seed, `schedule ${index}`));
  const timeline = drawTimeline(space, dice);
  const [least, most] = bounds.ratePerSecond;
  return {
    name: `explore/${seed}-${index}`,
    about: `Drawn by tripcurve explore --seed ${seed}, schedule ${index}.`,
    profile,
    traffic: {
      ratePerSecond: Math.round(dice.spread(least, most)),
      mix: drawMix(space.mix, linksOf(timeline), dice),
      arrivals: dice.chance(0.8) ? 'poisson' : 'constant',
    },
    steadyState: [...bounds.steadyState],
    timeline,
    recovery: { withinMs: recoveryMs },
    expect: expectationsFor(invariants, timeline),
  };
}

/** Some kinds, and of those that need a faulted link at least one: a fault that nobody meets shows nothing. */
function drawMix(all: Space['mix'], links: readonly string[], dice: Dice): Record<string, number> {
  const names = Object.keys(all);
  const chosen = new Set(dice.some(names, dice.whole(1, names.length)));
  const meeting = (link: string): string[] =>
    names.filter((name) => all[name]?.needs.includes(link) === true);
  for (const link of links) {
    const able = meeting(link);
    if (able.length > 0 && !able.some((name) => chosen.has(name))) chosen.add(dice.one(able));
  }
  // In the order of the config, so that a reader finds the same kinds in the same place.
  return Object.fromEntries(
    names
      .filter((name) => chosen.has(name))
      .map((name) => [name, (all[name]?.weight ?? 0) * dice.one([1, 1, 2, 4])]),
  );
}

interface Drawn {
  at: number;
  on: string;
  forMs: number;
  kind: string;
  step: ReturnType<typeof drawFault>;
}

function drawTimeline({ bounds, kinds, scales }: Space, dice: Dice): ScenarioInput['timeline'] {
  const { leadMs, windowMs, faultsMax } = bounds;
  const able = Object.keys(kinds).filter((link) => (kinds[link] ?? []).length > 0);
  const links = dice.some(able, dice.chance(0.5) ? 1 : dice.whole(1, able.length));
  const swarm = new Map(links.map((link) => [link, dice.some(kinds[link] ?? [], dice.whole(1, 3))]));
  const wanted = dice.whole(1, faultsMax);
  const drawn: Drawn[] = [];
  for (let i = 0; i < wanted; i++) {
    const on = dice.one(links);
    const scale = scales[on] ?? SCALE;
    const kind = dice.one(swarm.get(on) ?? []);
    const at = leadMs + grain(drawStart(drawn, leadMs, windowMs, scale, dice));
    const forMs = grain(Math.min(drawLength(scale, windowMs, dice), leadMs + windowMs - at));
    const fault: Drawn = { at, on, forMs, kind, step: drawFault(kind, dice, scale) };
    if (forMs >= SHORTEST_MS && !drawn.some((other) => collide(other, fault))) drawn.push(fault);
  }
  return drawn
    .map(({ at, on, forMs, step }) =>
      'process' in step && step.process === 'restart' ? { at, ...step, on } : { at, ...step, on, forMs },
    )
    .toSorted((a, b) => a.at - b.at);
}

/** When the next fault begins, from the beginning of the window: with another, within it, after it, or anywhere. */
function drawStart(
  drawn: readonly Drawn[],
  leadMs: number,
  windowMs: number,
  { openMs }: Scale,
  dice: Dice,
): number {
  if (drawn.length === 0) return 0;
  const other = dice.one(drawn);
  const beganMs = other.at - leadMs;
  switch (dice.one(['with', 'within', 'after', 'anywhere'] as const)) {
    case 'with':
      return beganMs;
    case 'within':
      return beganMs + dice.whole(0, other.forMs);
    case 'after': // often as its breaker asks again
      return beganMs + other.forMs + (dice.chance(0.5) ? dice.whole(0, 300) : dice.spread(100, 2 * openMs));
    case 'anywhere':
      return dice.whole(0, windowMs);
  }
}

/** A blip, or about as long as a breaker stays open, or longer. */
function drawLength({ openMs }: Scale, windowMs: number, dice: Dice): number {
  switch (dice.one(['blip', 'open', 'long'] as const)) {
    case 'blip':
      return dice.spread(SHORTEST_MS, 500);
    case 'open':
      return dice.spread(0.5 * openMs, 2 * openMs);
    case 'long':
      return dice.spread(Math.min(1_000, windowMs), windowMs);
  }
}

/** Whether two faults would undo each other: both on the listener, or on the process, of one link at once. */
function collide(a: Drawn, b: Drawn): boolean {
  const plane = planeOf(a.kind);
  const areBoth = a.on === b.on && plane !== 'wire' && plane === planeOf(b.kind);
  return areBoth && a.at <= b.at + b.forMs + GRAIN_MS && b.at <= a.at + a.forMs + GRAIN_MS;
}
