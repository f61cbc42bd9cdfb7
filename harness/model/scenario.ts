/**
 * A scenario: one outage rehearsed, as plain data. Environment and target come from the config;
 * here stand the load, the time line of faults, and what must be true before, during and after.
 */
import { z } from 'zod';
import { Fault } from './fault.ts';

const Milliseconds = z.number().min(0);

/** A check by name with its parameters; the checker's own schema validates the parameters. */
export const Expectation = z.looseObject({ check: z.string().min(1), link: z.string().optional() });
export type Expectation = z.infer<typeof Expectation>;

/** Injects a fault at a time, for a while or until healed. */
export const InjectStep = z.strictObject({
  at: Milliseconds,
  inject: Fault,
  on: z.string().min(1),
  forMs: z.number().positive().optional(),
});

/** Lifts the faults of one link, or of all. */
export const HealStep = z.strictObject({ at: Milliseconds, heal: z.string().min(1) });

/** Who injects toxics: the links themselves, or a real Toxiproxy behind them. */
export const LinkEngine = z.enum(['embedded', 'toxiproxy']);
export type LinkEngine = z.infer<typeof LinkEngine>;

/**
 * What is done to the process behind a link: `kill` (SIGKILL) and `start` again, `pause` (SIGSTOP) and
 * `resume`, `restart` (SIGTERM, then start); and to its name: `hide-name` and `show-name`.
 */
export const ProcessAction = z.enum([
  'kill',
  'start',
  'pause',
  'resume',
  'restart',
  'hide-name',
  'show-name',
]);
export type ProcessAction = z.infer<typeof ProcessAction>;

/**
 * A fault on the process behind a link, for environments that own it. A killed one is started again, a
 * paused one resumed and a hidden name shown after `forMs`, or when recovery begins.
 */
export const ProcessStep = z.strictObject({
  at: Milliseconds,
  process: z.enum(['kill', 'pause', 'restart', 'hide-name']),
  on: z.string().min(1),
  forMs: z.number().positive().optional(),
});
export type ProcessStep = z.infer<typeof ProcessStep>;

/**
 * A disturbance of the config, by its name, of what stands behind a link: something done to the dependency itself,
 * such as a lock that another session holds. Undone after `forMs`, or when recovery begins.
 */
export const DisturbStep = z.strictObject({
  at: Milliseconds,
  disturb: z.string().min(1),
  on: z.string().min(1),
  forMs: z.number().positive().optional(),
});
export type DisturbStep = z.infer<typeof DisturbStep>;

/**
 * Carries out an operation of the config by its name: a deploy, a migration, a restart. One that fails, or is not
 * done in time, fails the scenario; recovery begins when its time is over at the earliest.
 */
export const OperateStep = z.strictObject({
  at: Milliseconds,
  operate: z.string().min(1),
  withinMs: z.number().positive().max(3_600_000),
});
export type OperateStep = z.infer<typeof OperateStep>;

/** One entry of the time line; `at` counts in ms from the first intended request. */
export const Step = z.union([InjectStep, HealStep, ProcessStep, DisturbStep, OperateStep]);
export type Step = z.infer<typeof Step>;

/** Who sends the requests: an engine of our own, or a k6 that the user has installed. */
export const LoadEngineName = z.enum(['embedded', 'k6']);
export type LoadEngineName = z.infer<typeof LoadEngineName>;

const RatePerSecond = z.number().positive().max(10_000);

/** Load as data: an open arrival process over weighted request kinds. */
export const Traffic = z.strictObject({
  /** Arrivals per second; with a ramp, those at its beginning. */
  ratePerSecond: RatePerSecond,
  /** Changes of the rate, one after the other from the first intended request on, each in a straight line. */
  ramp: z.array(z.strictObject({ toRatePerSecond: RatePerSecond, forMs: z.int().positive() })).default([]),
  /** Weight of each request kind of the config. */
  mix: z.record(z.string(), z.number().min(0)),
  /** `poisson`: independent arrivals; `constant`: evenly spaced. */
  arrivals: z.enum(['poisson', 'constant']).default('poisson'),
  /** Requests open at once; arrivals beyond it are dropped and counted. */
  maxInFlight: z.int().min(1).max(10_000).default(256),
  /** How long the caller waits for an answer. */
  requestTimeoutMs: z.number().positive().default(5_000),
});
export type Traffic = z.infer<typeof Traffic>;

/** See {@link Scenario} in docs/scenarios.md for an example. */
export const Scenario = z.strictObject({
  name: z.string().min(1),
  /** One paragraph: what outage this rehearses, and what class of incident it stands for. */
  about: z.string().min(1),
  /** Policy times of the target: `fast` for CI, `production` for the nightly long run. */
  profile: z.string().default('fast'),
  tags: z.array(z.string()).default([]),
  /** Processes of the target that share the load; left out: one. */
  instances: z.int().min(1).max(8).optional(),
  /** Operations carried out one after the other once the dependencies are up, before the target starts. */
  before: z.array(z.string().min(1)).optional(),
  traffic: Traffic,
  steadyState: z.array(Expectation).min(1),
  timeline: z.array(Step).min(1),
  /** After the last heal the target has this long to be as before. */
  recovery: z.strictObject({ withinMs: z.number().positive() }),
  expect: z.array(Expectation).min(1),
});
export type Scenario = z.infer<typeof Scenario>;
/** A scenario as a person writes it, defaults left out. */
export type ScenarioInput = z.input<typeof Scenario>;

/** The moments that give a scenario its three phases, in ms from the first intended request. */
export interface Phases {
  /** First injection: the steady state before ends here. */
  faultAtMs: number;
  /** Last heal: recovery begins here. */
  healAtMs: number;
  /** End of the load. */
  endAtMs: number;
}

/** Derives the phases from the time line. A fault nobody heals is healed when recovery begins. */
export function phasesOf(scenario: Pick<ScenarioInput, 'timeline' | 'recovery'>): Phases {
  const starts = scenario.timeline.flatMap((step) => ('heal' in step ? [] : [step.at]));
  const ends = scenario.timeline.map((step) => step.at + lengthMsOf(step));
  const healAtMs = Math.max(...ends);
  return { faultAtMs: Math.min(...starts), healAtMs, endAtMs: healAtMs + scenario.recovery.withinMs };
}

function lengthMsOf(step: ScenarioInput['timeline'][number]): number {
  if ('heal' in step) return 0;
  return 'operate' in step ? step.withinMs : (step.forMs ?? 0);
}
