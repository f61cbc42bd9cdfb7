/** One outage, simulated: the traffic goes through a service of the policy on a virtual clock. */
import { seededRandom, seedFor } from '../../model/random.ts';
import type { Episode, TrafficModel } from '../../model/sweep.ts';
import type { Ms } from '../../model/time.ts';
import type { Condition, Shape } from '../bench.ts';
import { VirtualClock } from '../simulation/clock.ts';
import { type ServicePolicy, SimulatedService } from '../simulation/service.ts';
import type { OutageSpan, SeenAttempt, SeenRequest } from './metrics.ts';
import { BACKGROUND_SHAPE } from './outages.ts';
import type { Arrival } from './traffic.ts';

export interface EpisodeOptions {
  policy: ServicePolicy;
  /** In order of time; where it has no end, the episode ends by itself. */
  arrivals: Iterable<Arrival>;
  /** The outage begins here. */
  fromMs: Ms;
  episode: Episode;
  errorRatio: number;
  serviceMs: Ms;
  /** Arrivals after the end of the outage are taken up to this long, or until all is well again. */
  tailMs: Ms;
  /** True: arrivals also go on when all is well again. */
  wholeTail?: boolean;
  /** True: no arrivals after the first trip in the outage. */
  untilTrip?: boolean;
  seed: number;
}

export interface SimulatedEpisode {
  requests: SeenRequest[];
  /** Every attempt with its fate, also those of which a link would see nothing. */
  tries: { startMs: Ms; ok: boolean }[];
  /** Attempts as a link sees them. */
  seen: SeenAttempt[];
  span: OutageSpan;
  /** Every time that the breaker opened from closed. */
  tripsMs: Ms[];
}

export const LEAD_MS_MIN = 2_000;
const LEAD_MS_MAX = 120_000;

/** Traffic before the outage: enough to fill whatever the breaker looks back on. */
export function leadMs({ breaker }: ServicePolicy, { ratePerSecond }: TrafficModel): Ms {
  const rule = breaker?.rule;
  const windowMs =
    rule?.kind === 'count-window' || rule?.kind === 'failures-in-calls'
      ? (rule.windowCalls / ratePerSecond) * 1_000
      : rule !== undefined && 'windowMs' in rule && Number.isFinite(rule.windowMs)
        ? rule.windowMs
        : 0;
  return Math.min(LEAD_MS_MAX, Math.max(LEAD_MS_MIN, windowMs));
}

/** What hangs is answered when the outage is over, to whoever still waits for it then. */
function conditionOf({ shape }: Episode): Condition {
  return shape === 'slow-headers' ? 'held' : (shape as Shape);
}

/** The policy that treats what is held as what hangs. */
function withHeld(policy: ServicePolicy): ServicePolicy {
  const add = (shapes: ReadonlySet<Condition>): ReadonlySet<Shape> =>
    (shapes.has('slow-headers') ? new Set([...shapes, 'held']) : shapes) as ReadonlySet<Shape>;
  const { breaker, retry } = policy;
  return {
    ...policy,
    breaker: breaker === null ? null : { ...breaker, shapes: add(breaker.shapes) },
    retry: retry === null ? null : { ...retry, shapes: add(retry.shapes) },
  };
}

/** The first trip in the outage. */
export function tripIn({ tripsMs, span }: SimulatedEpisode): Ms | null {
  return tripsMs.find((ms) => ms >= span.fromMs && ms < span.toMs) ?? null;
}

export async function simulateEpisode(options: EpisodeOptions): Promise<SimulatedEpisode> {
  const { arrivals, fromMs, episode, errorRatio, serviceMs, tailMs, seed } = options;
  const policy = withHeld(options.policy);
  const clock = new VirtualClock();
  const dice = seededRandom(seedFor(seed, 'dependency'));
  const span: OutageSpan = { fromMs, toMs: fromMs + episode.durationMs };
  const isOut = (): boolean => clock.now() >= span.fromMs && clock.now() < span.toMs;
  const tries: SimulatedEpisode['tries'] = [];
  const tripsMs: Ms[] = [];
  const requests: SeenRequest[] = [];
  let wasClosed = true;
  let waiting: (() => void)[] = [];
  clock.at(span.toMs, () => {
    for (const resume of waiting) resume();
    waiting = [];
  });
  const service = new SimulatedService(
    policy,
    clock,
    {
      fate: (): Condition | null => {
        const roll = dice();
        const shape = isOut()
          ? roll < episode.failureRatio
            ? conditionOf(episode)
            : null
          : roll < errorRatio
            ? BACKGROUND_SHAPE
            : null;
        tries.push({ startMs: clock.now(), ok: shape === null });
        return shape;
      },
      // What hangs ends with its outage; what began after it has nothing to wait for.
      healed: () => new Promise((resolve) => (clock.now() < span.toMs ? waiting.push(resolve) : undefined)),
      serviceMs: () => serviceMs,
    },
    seededRandom(seedFor(seed, 'service')),
    (to) => {
      if (to === 'open' && wasClosed) tripsMs.push(clock.now());
      if (to !== 'half-open') wasClosed = to === 'closed';
    },
  );

  let recovered = false;
  const ask = async (key: string): Promise<void> => {
    const startMs = clock.now();
    const { ok, servedBy } = await service.serve(key);
    const outcome = ok ? (servedBy === 'live' ? 'live' : 'degraded') : 'failed';
    if (outcome === 'live' && startMs >= span.toMs) recovered = true;
    requests.push({ startMs, endMs: clock.now(), outcome });
  };
  const main = async (): Promise<void> => {
    const under: Promise<void>[] = [];
    for (const { atMs, key } of arrivals) {
      if (atMs > span.toMs + tailMs) break;
      await clock.sleep(atMs - clock.now());
      const isWell = recovered && (service.breakerState ?? 'closed') === 'closed';
      if (isWell && options.wholeTail !== true) break;
      if (options.untilTrip === true && tripsMs.some((ms) => ms >= span.fromMs)) break;
      under.push(ask(key));
    }
    await Promise.all(under);
  };
  await clock.run(main());
  requests.sort((a, b) => a.startMs - b.startMs);
  return { requests, tries, seen: service.attempts, span, tripsMs };
}
