/**
 * Points of a sweep run for real: the target is started with the values, meets outages under open-loop
 * traffic, and the same requests at the same times go through the simulation. One function judges both.
 */
import type { Environment } from '../../environment/environment.ts';
import { driveLoad } from '../../load/engine.ts';
import { type PlannedRequest, planLoad } from '../../load/plan.ts';
import type { Config } from '../../model/config.ts';
import { UsageError } from '../../model/errors.ts';
import type { FaultEvent, RequestEvent, Unnumbered } from '../../model/history.ts';
import { seededRandom, seedFor } from '../../model/random.ts';
import { Traffic } from '../../model/scenario.ts';
import type { Compared, Episode, OutageModel, TrafficModel, Verification } from '../../model/sweep.ts';
import { type Clock, type Ms, toMs, toNs } from '../../model/time.ts';
import { type Shape, UNSEEN } from '../bench.ts';
import { bringBenchUp } from '../bench-up.ts';
import { median } from '../lab.ts';
import type { LiveBench } from '../live-bench.ts';
import type { ServicePolicy } from '../simulation/service.ts';
import { canHitSome } from '../wires/http.ts';
import { compare, means, NAMES, relativeError } from './compare.ts';
import type { OutageSpan, SeenAttempt, SeenRequest } from './metrics.ts';
import { drawEpisode } from './outages.ts';
import { type Values, withValues } from './parameters.ts';
import { simulateEpisode } from './simulate.ts';

/** Calls before the first outage: code is compiled and pools are opened by them. */
const WARM_CALLS = 40;
/** Of these the time of an answer is taken. */
const TIMED_CALLS = 15;
const LEAD_MS = 1_000;
const TAIL_MARGIN_MS = 1_500;
/** A drawn outage is cut to this many open durations: more of the same adds nothing but time. */
const OUTAGE_OPENS = 2.5;
const OUTAGE_MS_MIN = 2_500;
const REQUEST_TIMEOUT_MS = 10_000;
/** Simulations of each outage that was run, where dice are thrown in it. */
const REPEATS = 10;

export interface VerifyOptions {
  config: Config;
  cwd: string;
  environment: Environment;
  link: string;
  request: string | undefined;
  profile: string;
  run: string;
  seed: number;
  logDir: string;
  policy: ServicePolicy;
  traffic: TrafficModel;
  outage: OutageModel;
  /** Outages a point. */
  outages: number;
  signal: AbortSignal;
}

/** Why these values cannot be tried on this target; null: they can. */
export function cannotVerify(
  { config, outage }: Pick<VerifyOptions, 'config' | 'outage'>,
  names: readonly string[],
): string | null {
  const missing = names.filter((name) => config.sweep?.env[name] === undefined);
  if (missing.length > 0)
    return `tripcurve.config.ts: sweep.env names no variable for ${missing.join(' and ')}, so the target cannot be started with the values; add it, or leave out --verify`;
  for (const { shape, failureRatio } of outage.episodes) {
    if (UNSEEN.has(shape as Shape))
      return `outage ${outage.name}: of ${shape} a link sees no attempt, so nothing can be compared; verify with another outage, such as errors`;
    if (failureRatio < 1 && !canHitSome(shape as Shape))
      return `outage ${outage.name}: ${shape} hits whole connections, so it cannot be injected in part; verify with another outage, such as brownout`;
  }
  return null;
}

/** Runs one point for real. @throws UsageError, EnvironmentError, or the reason of the abort */
export async function verifyPoint(
  options: VerifyOptions,
  values: Values,
  isRecommended: boolean,
): Promise<Verification> {
  const { link, profile, run, seed, traffic, outage } = options;
  const config = withEnv(options.config, profile, values);
  const policy = withValues(options.policy, values);
  const openMs = policy.breaker?.openMs ?? 0;
  const faults: Unnumbered<FaultEvent>[] = [];
  await using up = await bringBenchUp({
    ...options,
    config,
    giveUpMs: REQUEST_TIMEOUT_MS,
    onEvent: (event) => {
      if (event.kind === 'fault' && event.link === link) faults.push(event);
    },
  });
  const { running, bench, now } = up;
  const kind = bench.kinds[0] ?? '';
  for (let i = 0; i < WARM_CALLS; i++) await bench.ask(kind).reply;
  const warm = (await bench.attempts()).slice(-TIMED_CALLS);
  if (warm.length === 0)
    throw new UsageError(`request "${kind}" does not reach link ${link}: choose another with --request`);
  const serviceMs = median(warm.map(({ startMs, endMs }) => endMs - startMs));

  const episodes: Verification['episodes'] = [];
  const model: OutageModel = { ...outage, spread: 0.2 };
  for (let n = 0; n < options.outages; n++) {
    const episodeSeed = seedFor(seed, `verify ${n}`);
    const drawn = drawEpisode(model, seededRandom(episodeSeed));
    // Cut by the part that was drawn, so that the ends of outages fall anywhere between two probes.
    const longestMs =
      Math.max(OUTAGE_MS_MIN, OUTAGE_OPENS * openMs) * (0.7 + 0.6 * seededRandom(episodeSeed)());
    const episode: Episode = { ...drawn, durationMs: Math.min(drawn.durationMs, longestMs) };
    const lengthMs = LEAD_MS + episode.durationMs + openMs + TAIL_MARGIN_MS;
    const load = Traffic.parse({
      ratePerSecond: traffic.ratePerSecond,
      arrivals: traffic.arrivals,
      mix: { [kind]: 1 },
      requestTimeoutMs: REQUEST_TIMEOUT_MS,
    });
    const plan = planLoad(load, config, lengthMs, episodeSeed, `${run}-${n}`);
    const real = await runEpisode(options, {
      bench,
      entryUrl: running.entryUrl,
      plan,
      load,
      episode,
      now,
      faults,
    });
    const measured = compare(real.requests, real.attempts, real.span, openMs);
    const simulated: Record<Compared, number | null>[] = [];
    for (let repeat = 0; repeat < (episode.failureRatio < 1 ? REPEATS : 1); repeat++) {
      const { requests, seen, span } = await simulateEpisode({
        policy,
        arrivals: plan.map(({ atMs, key }) => ({ atMs, key })),
        fromMs: real.span.fromMs - real.startMs,
        episode: { ...episode, durationMs: real.span.toMs - real.span.fromMs },
        errorRatio: 0,
        serviceMs,
        tailMs: openMs + TAIL_MARGIN_MS,
        wholeTail: true,
        seed: seedFor(episodeSeed, `repeat ${repeat}`),
      });
      simulated.push(compare(requests, seen, span, openMs));
    }
    episodes.push({
      durationMs: real.span.toMs - real.span.fromMs,
      simulated: means(simulated),
      measured,
    });
  }
  const simulated = means(episodes.map((one) => one.simulated));
  const measured = means(episodes.map((one) => one.measured));
  const compared = Object.fromEntries(
    NAMES.map((name) => [
      name,
      {
        simulated: simulated[name],
        measured: measured[name],
        relativeError: relativeError(simulated[name], measured[name]),
      },
    ]),
  ) as Verification['compared'];
  const failureRatio = outage.episodes[0]?.failureRatio ?? 1;
  return { values, isRecommended, episodes, compared, failureRatio, serviceMs };
}

interface Ready {
  bench: LiveBench;
  entryUrl: string;
  plan: readonly PlannedRequest[];
  load: Traffic;
  episode: Episode;
  now: Clock;
  /** Of the link, as they come. */
  faults: readonly Unnumbered<FaultEvent>[];
}

/** Time until the first request may leave. */
const SETTLE_MS = 100;

async function runEpisode(
  { config, link, signal }: VerifyOptions,
  { bench, entryUrl, plan, load, episode, now, faults }: Ready,
): Promise<{ startMs: Ms; span: OutageSpan; requests: SeenRequest[]; attempts: SeenAttempt[] }> {
  const requests: SeenRequest[] = [];
  const startT = now() + toNs(SETTLE_MS);
  const startMs = toMs(startT);
  const driven = driveLoad({
    entryUrl,
    plan,
    startT,
    traffic: load,
    served: config.served,
    links: [link],
    now,
    emit: (event) => requests.push(seenOf(event)),
    signal,
  });
  driven.catch(() => {}); // awaited below; until then a failure must not end the process
  await bench.wait(startMs + LEAD_MS - bench.now());
  const why = await bench.arm(
    episode.shape as Shape,
    undefined,
    episode.failureRatio < 1 ? episode.failureRatio : undefined,
  );
  if (why !== null)
    throw new UsageError(
      `the outage cannot be had on link ${link}: ${why}; verify with another outage, such as hang`,
    );
  const fromMs = bench.now();
  await bench.wait(fromMs + episode.durationMs - bench.now());
  await bench.heal();
  const healedMs = bench.now();
  await driven;
  const attempts = (await bench.attempts()).filter((attempt) => attempt.startMs >= startMs);
  // The link has stamped when it really began and ended: a request that came between its word and ours counts.
  const injected = faults.findLast(({ what, spec }) => what === 'injected' && spec?.type !== 'noop');
  const healed = faults.findLast(({ what, fault }) => what === 'healed' && fault === injected?.fault);
  const span: OutageSpan = {
    fromMs: injected === undefined ? fromMs : toMs(injected.t),
    toMs: healed === undefined ? healedMs : toMs(healed.t),
  };
  return { startMs, span, requests, attempts };
}

function seenOf({ startT, endT, outcome, servedBy }: Unnumbered<RequestEvent>): SeenRequest {
  const isLive = servedBy === null || servedBy === 'live';
  return {
    startMs: toMs(startT),
    endMs: toMs(endT),
    outcome: outcome !== 'ok' ? 'failed' : isLive ? 'live' : 'degraded',
  };
}

/** The config with the values in the environment of the target. */
function withEnv(config: Config, profile: string, values: Values): Config {
  const env = Object.fromEntries(
    Object.entries(values).map(([name, value]) => [config.sweep?.env[name] ?? name, String(value)]),
  );
  const before = config.profiles[profile] ?? { env: {}, links: {}, requests: {}, audits: {} };
  const changed = { ...before, env: { ...before.env, ...env } };
  return { ...config, profiles: { ...config.profiles, [profile]: changed } };
}
