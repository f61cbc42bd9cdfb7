/**
 * The law behind gaps between attempts. Without jitter the gaps speak for themselves. With jitter each gap is
 * a draw from a range that begins at nothing (full), at half (equal) or at a share (plus-minus) of a delay;
 * which of them it is is told by the likelihood of all draws together, and not told where that is
 * no clear case.
 */
import type { Finding, QuantityName } from '../model/measured.ts';
import { median } from './lab.ts';

type Part =
  | 'retry.backoff'
  | 'retry.baseMs'
  | 'retry.factor'
  | 'retry.capMs'
  | 'retry.jitter'
  | 'retry.jitterShare';
export type BackoffFindings = Partial<Record<Extract<QuantityName, Part>, Finding>>;

/** Below this a law is not told: 20,000 to 1, since the best of many laws is likely by chance too. */
const ODDS_MIN = 20_000;
/** A gap no longer than this is the time a client needs to try again. */
const NO_GAP_MS = 3;
/** A rig that may be wrong by more than this cannot tell a short pause from none. */
const NO_GAP_ERROR_MS = 10;
/** Base delays of rival laws that differ by no more than this factor are told as one range. */
const BASES_ALIKE = 1.3;
/** Gaps are equal within this share, beyond the error of the measurement: timers of targets are late too. */
const SAME_SHARE = 0.06;

/** Growth slower than this is not looked for. */
const LEAST_FACTOR = 1.5;

/** Of fewer calls nothing is said: draws that lie close by chance would look like a law without jitter. */
const CALLS_MIN = 4;
/** The least jitter that is looked for, 10 % either way, spreads most gaps by more than this. */
const JITTER_SEEN_SHARE = 0.06;
const JITTER_SEEN_MS = 1;
/** Of the draws of a gap: a busy machine makes some of them late, never early. */
const BULK_SHARE = 0.8;

/** How far apart all but the latest few are; ms. */
function bulkOf(seen: readonly number[]): number {
  const sorted = seen.toSorted((a, b) => a - b);
  return (sorted[Math.max(0, Math.ceil(BULK_SHARE * sorted.length) - 1)] ?? 0) - (sorted[0] ?? 0);
}

/** @param gaps for each gap of a call, in order, what was seen of it in each call; ms */
export function fitBackoff(
  gaps: readonly (readonly number[])[],
  errorMs: number,
): { findings: BackoffFindings; says: string } {
  const all = gaps.flat();
  const observations = all.length;
  if (observations === 0) return { findings: {}, says: 'no gap was seen' };
  const medians = gaps.map(median);
  const slackMs = 2 * errorMs + 2;
  const spreads = gaps.map(bulkOf);
  const isSteady = spreads.every((spread, i) => spread <= slackMs + SAME_SHARE * (medians[i] ?? 0));
  // Jitter is a share of the gap: the longest shows it best.
  const longest = medians.indexOf(Math.max(...medians));
  const isEven = (spreads[longest] ?? 0) <= JITTER_SEEN_SHARE * (medians[longest] ?? 0) + JITTER_SEEN_MS;
  if (medians.every((gap) => gap <= NO_GAP_MS + errorMs) && isSteady) {
    const why = `gaps of ${median(all).toFixed(0)} ms are shorter than the rig may be wrong (${errorMs.toFixed(0)} ms)`;
    if (errorMs > NO_GAP_ERROR_MS)
      return { findings: { 'retry.backoff': unknown(why), 'retry.jitter': unknown(why) }, says: why };
    return {
      findings: {
        'retry.backoff': known('none', observations),
        'retry.baseMs': interval(median(all), 0, Math.max(...all), observations),
        'retry.jitter': known('none', observations),
      },
      says: `gaps of ${median(all).toFixed(1)} ms`,
    };
  }
  const says = `gaps of ${medians.map((gap) => gap.toFixed(0)).join(', ')} ms`;
  if (Math.min(...gaps.map((seen) => seen.length)) < CALLS_MIN) return { findings: tooFew(), says };
  if (isSteady)
    return {
      findings: {
        ...lawOf(medians, errorMs, observations),
        'retry.jitter': isEven
          ? known('none', observations)
          : unknown('gaps differ from call to call by no more than the rig may be wrong'),
      },
      says,
    };
  return {
    findings: jitterOf(gaps, errorMs, observations),
    says: `${says}, each different from call to call`,
  };
}

function tooFew(): BackoffFindings {
  const why = 'too few calls were seen to their end to tell a law from chance';
  return { 'retry.backoff': unknown(why), 'retry.baseMs': unknown(why), 'retry.jitter': unknown(why) };
}

function known(value: string | number | null, observations: number): Finding {
  return { known: true, value, observations, experiment: '' };
}

function interval(value: number, low: number, high: number, observations: number): Finding {
  return { known: true, value, low, high, observations, experiment: '' };
}

function unknown(why: string): Finding {
  return { known: false, why };
}

/** Names the law of gaps without jitter. */
function lawOf(medians: readonly number[], errorMs: number, observations: number): BackoffFindings {
  const first = medians[0] ?? 0;
  const base = interval(first, first - errorMs - 1, first + errorMs + 1, observations);
  if (medians.length === 1)
    return { 'retry.backoff': unknown('a call has one gap, and a law needs two'), 'retry.baseMs': base };
  const same = (a: number, b: number): boolean =>
    Math.abs(a - b) <= 2 * errorMs + 2 + SAME_SHARE * Math.max(a, b);
  if (medians.every((gap) => same(gap, first))) {
    // Equal as far as the rig can tell: which is nothing where a law that grows would differ by no more.
    const leastGrownMs = first * (LEAST_FACTOR ** (medians.length - 1) - 1);
    const why = 'gaps differ by no more than the rig may be wrong, and so would some that grow';
    if (leastGrownMs <= errorMs + 2) return { 'retry.backoff': unknown(why), 'retry.baseMs': base };
    return {
      'retry.backoff': known('constant', observations),
      'retry.baseMs': base,
      'retry.factor': interval(1, 1, 1, observations),
    };
  }
  const last = medians.length - 1;
  // A cap makes later gaps equal: laws are read from the gaps before it.
  const capped = medians.findIndex(
    (gap, i) => i > 0 && i < last && medians.slice(i).every((later) => same(later, gap)),
  );
  const free = capped === -1 ? medians : medians.slice(0, capped);
  const capMs = capped === -1 ? null : median(medians.slice(capped));
  if (free.length < 2 && capMs !== null) {
    return {
      'retry.backoff': unknown('the cap is reached at once, so no law is seen'),
      'retry.baseMs': base,
      'retry.capMs': interval(capMs, capMs - errorMs - 1, capMs + errorMs + 1, observations),
    };
  }
  const factor = ((free.at(-1) ?? 0) / (free[0] ?? 1)) ** (1 / Math.max(1, free.length - 1));
  const cap: BackoffFindings =
    capMs === null
      ? { 'retry.capMs': unknown('no gap was as long as a cap') }
      : { 'retry.capMs': interval(capMs, capMs - errorMs - 1, capMs + errorMs + 1, observations) };
  const laws: { kind: string; factor?: number }[] = [];
  const linear = free.every((gap, i) => same(gap, first * (i + 1)));
  const exponential = free.every((gap, i) => same(gap, first * factor ** i));
  if (linear) laws.push({ kind: 'linear' });
  if (exponential) laws.push({ kind: 'exponential', factor });
  if (linear && free.length < 4)
    return {
      'retry.backoff': unknown('so few gaps may grow evenly, or double up to a cap'),
      'retry.baseMs': base,
      ...cap,
    };
  if (laws.length > 1)
    return {
      'retry.backoff': unknown('with two gaps, linear and doubling look the same'),
      'retry.baseMs': base,
      ...cap,
    };
  const [law] = laws;
  const seenOnce = law === undefined && capMs === null ? lastCapped(medians, errorMs, observations) : null;
  if (seenOnce !== null) return seenOnce;
  if (law === undefined)
    return {
      'retry.backoff': unknown(
        `the gaps follow none of the laws: ${medians.map((gap) => gap.toFixed(0)).join(', ')} ms`,
      ),
      'retry.baseMs': base,
      ...cap,
    };
  const slack = (2 * errorMs + 2) / Math.max(1, first);
  const growth: BackoffFindings =
    law.factor === undefined
      ? {}
      : { 'retry.factor': interval(law.factor, law.factor - slack, law.factor + slack, observations) };
  return { 'retry.backoff': known(law.kind, observations), 'retry.baseMs': base, ...growth, ...cap };
}

/** A law of all gaps but the last, which is shorter than it says: a cap, seen once. Null: there is none. */
function lastCapped(
  medians: readonly number[],
  errorMs: number,
  observations: number,
): BackoffFindings | null {
  const [last = 0, before = 0] = medians.toReversed();
  if (medians.length < 4 || last < before) return null;
  const free = lawOf(medians.slice(0, -1), errorMs, observations);
  const [kind, factor] = [free['retry.backoff'], free['retry.factor']];
  if (kind?.known !== true || kind.value === 'constant') return null;
  const grownMs =
    factor?.known === true && typeof factor.value === 'number'
      ? before * factor.value
      : (before * medians.length) / (medians.length - 1);
  if (last > grownMs * (1 - SAME_SHARE) - 2 * errorMs - 2) return null;
  return { ...free, 'retry.capMs': interval(last, last - errorMs - 1, last + errorMs + 1, observations) };
}

/** Ranges of jitter, as shares of the plain delay. Without jitter, gaps differ where timers are late. */
const JITTERS: readonly { kind: string; low: number; high: number; share?: number }[] = [
  { kind: 'none', low: 1, high: 1 },
  { kind: 'full', low: 0, high: 1 },
  { kind: 'equal', low: 0.5, high: 1 },
  ...[0.1, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5].map((share) => ({
    kind: 'plus-minus',
    low: 1 - share,
    high: 1 + share,
    share,
  })),
];
const PLAIN: readonly Growth[] = [
  { kind: 'constant', at: () => 1 },
  { kind: 'linear', at: (i) => i + 1 },
  ...[1.5, 2, 2.5, 3, 4].map((factor) => ({ kind: 'exponential', at: (i: number) => factor ** i, factor })),
];
/** Multiples of the first delay at which a cap may be. */
const CAPS = [1.25, 1.5, 2, 2.5, 3, 4, 5, 6, 8, 10];
const GROWTHS: readonly Growth[] = [
  ...PLAIN,
  ...PLAIN.slice(1).flatMap((growth) =>
    CAPS.map((cap) => ({ ...growth, cap, at: (i: number) => Math.min(cap, growth.at(i)) })),
  ),
];

interface Growth {
  kind: string;
  at(i: number): number;
  factor?: number;
  cap?: number;
}

interface Fit {
  growth: Growth;
  jitter: (typeof JITTERS)[number];
  baseMs: number;
  /** What it would be if as many of the longest draws were late as may be. */
  baseMsMin: number;
  /** The base is no longer than this, as the shortest draws tell. */
  baseMsMax: number;
  /** Log of the largest likelihood: every draw within its range, of which the width is the price. */
  logLikelihood: number;
}

/** Laws that fit, the likeliest first. */
function fitsOf(gaps: readonly (readonly number[])[], errorMs: number): Fit[] {
  const fits: Fit[] = [];
  const longestFirst = gaps.map((seen) => seen.toSorted((a, b) => b - a));
  for (const growth of GROWTHS) {
    if (gaps.length === 1 && growth.kind !== 'constant') continue;
    // A cap that is never reached is no law of its own.
    if (
      growth.cap !== undefined &&
      PLAIN.some(
        ({ kind, factor, at }) =>
          kind === growth.kind && factor === growth.factor && at(gaps.length - 1) <= (growth.cap ?? 0),
      )
    )
      continue;
    for (const jitter of JITTERS) {
      const fit = fitOf(longestFirst, growth, jitter, errorMs);
      if (fit !== null && isEven(gaps, fit, errorMs)) fits.push(fit);
    }
  }
  return fits.sort((a, b) => b.logLikelihood - a.logLikelihood);
}

/** Those that are not clearly less likely than the best. */
function likely(fits: readonly Fit[]): Fit[] {
  const [best] = fits;
  return fits.filter((fit) => (best?.logLikelihood ?? 0) - fit.logLikelihood < Math.log(ODDS_MIN));
}

function jitterOf(
  gaps: readonly (readonly number[])[],
  errorMs: number,
  observations: number,
): BackoffFindings {
  const fits = fitsOf(gaps, errorMs);
  const [best] = fits;
  if (best === undefined) {
    const why = 'the gaps fit no law with uniform jitter';
    return { 'retry.backoff': unknown(why), 'retry.baseMs': unknown(why), 'retry.jitter': unknown(why) };
  }
  const within = likely(fits);
  const agree = (of: (fit: Fit) => string): boolean => new Set(within.map(of)).size === 1;
  const isClear = agree(({ jitter }) => jitter.kind) && !hasDouble(best, gaps.length, errorMs);
  const bases = within.map(({ baseMs }) => baseMs);
  // All of n even draws fall below a share s of their range with probability sⁿ: 1 in 1,000 at this one.
  const slack = 0.001 ** (-1 / observations);
  const baseMax = Math.max(...within.map((fit) => Math.min(fit.baseMsMax, fit.baseMs * slack)));
  const findings: BackoffFindings = {
    'retry.baseMs':
      isClear && Math.max(...bases) <= BASES_ALIKE * Math.min(...bases)
        ? interval(
            Math.min(baseMax, (best.baseMs * (observations + 1)) / observations),
            Math.min(...within.map(({ baseMsMin }) => baseMsMin)) - 2 * errorMs,
            baseMax + 2 * errorMs,
            observations,
          )
        : unknown('it depends on the jitter, of which more than one law fits'),
  };
  const oneGap = gaps.length === 1;
  findings['retry.backoff'] = oneGap
    ? unknown('a call has one gap, and a law needs two')
    : agree(({ growth }) => growth.kind)
      ? known(best.growth.kind, observations)
      : unknown(
          `more than one law fits: ${[...new Set(within.map(({ growth }) => growth.kind))].join(', ')}`,
        );
  if (best.growth.factor !== undefined && agree(({ growth }) => growth.kind)) {
    const factors = within.map(({ growth }) => growth.factor ?? 1);
    findings['retry.factor'] = interval(
      best.growth.factor,
      Math.min(...factors) * 0.9,
      Math.max(...factors) * 1.1,
      observations,
    );
  }
  findings['retry.jitter'] = isClear
    ? known(best.jitter.kind, observations)
    : agree(({ jitter }) => jitter.kind)
      ? unknown(
          `as ${best.jitter.kind} as another range that the rig could not tell from it in gaps so short`,
        )
      : unknown(`more than one fits: ${[...new Set(within.map(({ jitter }) => jitter.kind))].join(', ')}`);
  if (best.jitter.share !== undefined && isClear) {
    const shares = within.map(({ jitter }) => jitter.share ?? 0);
    // What the measurement itself adds is a part of the gap, too.
    const slack = (errorMs + 2) / median(gaps[0] ?? []);
    findings['retry.jitterShare'] = interval(
      best.jitter.share,
      Math.min(...shares) * 0.8 - slack,
      Math.max(...shares) * 1.25 + slack,
      observations,
    );
  }
  return findings;
}

/** Whether a range of another kind differs, at the longest gap, by no more than the rig may be wrong. */
function hasDouble({ growth, jitter, baseMs }: Fit, gaps: number, errorMs: number): boolean {
  const longestMs = baseMs * Math.max(...Array.from({ length: gaps }, (_, i) => growth.at(i))) * jitter.high;
  return JITTERS.some(
    (other) =>
      other.kind !== jitter.kind &&
      Math.abs(other.low / other.high - jitter.low / jitter.high) * longestMs <= 4 * errorMs + 2,
  );
}

/** Of draws that are late: timers of a busy machine, never early. */
const LATE_SHARE = 0.01;
/** How late they are: most by less than this share of the delay, and by no less than so long on average. */
const LATE_SCALE_SHARE = 0.3;
const LATE_SCALE_MS = 10;
/** Base delays that are tried for a law: with so many of the longest draws, and a few more, taken as late. */
const LATE_TRIED_SHARE = 0.1;
const LATE_TRIED_MORE = 3;

/**
 * The most likely base delay. Of a draw in its range the density is the reciprocal of the width; one beyond the range is
 * a late one, of which there are few. So the base is as small as the draws allow, but for those that would each
 * widen the range by more than it is unlikely that they are late.
 */
function fitOf(
  longestFirst: readonly (readonly number[])[],
  growth: Fit['growth'],
  jitter: Fit['jitter'],
  errorMs: number,
): Fit | null {
  const draws = longestFirst.flatMap((seen, i) => seen.map((gap) => ({ gap, unit: growth.at(i) })));
  let baseMsMax = Number.POSITIVE_INFINITY;
  if (jitter.low > 0)
    for (const { gap, unit } of draws) baseMsMax = Math.min(baseMsMax, (gap + errorMs) / (unit * jitter.low));
  const least = draws
    .map(({ gap, unit }) => (gap - errorMs - 2) / (unit * jitter.high))
    .sort((a, b) => b - a)
    .slice(0, Math.ceil(LATE_TRIED_SHARE * draws.length) + LATE_TRIED_MORE)
    .filter((baseMs) => baseMs > 0 && baseMs <= baseMsMax);
  const baseMsMin = least.at(-1) ?? 0;
  let best: Fit | null = null;
  for (const baseMs of least) {
    let logLikelihood = 0;
    for (const [i, seen] of longestFirst.entries()) {
      const plainMs = growth.at(i) * baseMs;
      const longestMs = plainMs * jitter.high;
      const scaleMs = LATE_SCALE_SHARE * plainMs + LATE_SCALE_MS;
      const firstInRange = seen.findIndex((gap) => !isLate(gap, longestMs, errorMs));
      const late = firstInRange === -1 ? seen : seen.slice(0, firstInRange);
      for (const gap of late) logLikelihood += Math.log(LATE_SHARE / scaleMs) - (gap - longestMs) / scaleMs;
      logLikelihood +=
        (seen.length - late.length) * Math.log((1 - LATE_SHARE) / widthOf(plainMs, jitter, errorMs));
    }
    if (best === null || logLikelihood > best.logLikelihood)
      best = { growth, jitter, baseMs, baseMsMin, baseMsMax, logLikelihood };
  }
  return best;
}

/** Whether the draws lie evenly in their ranges (Kolmogorov and Smirnov, at 1 in 1,000: many laws are asked). */
function isEven(
  gaps: readonly (readonly number[])[],
  { growth, jitter, baseMs }: Fit,
  errorMs: number,
): boolean {
  const spreads = gaps.map((_, i) => widthOf(baseMs * growth.at(i), jitter, errorMs));
  const shares = gaps
    .flatMap((seen, i) => {
      const plainMs = baseMs * growth.at(i);
      return (
        seen
          // Late ones are not of the law.
          .filter((gap) => !isLate(gap, plainMs * jitter.high, errorMs))
          .map((gap) => (gap - plainMs * jitter.low) / (spreads[i] ?? 1))
      );
    })
    .sort((a, b) => a - b);
  const count = shares.length;
  const distance = Math.max(
    ...shares.map((share, i) => Math.max(Math.abs(share - i / count), Math.abs(share - (i + 1) / count))),
  );
  // The range may lie beside the true one by as much as the rig may be wrong.
  return distance <= 1.95 / Math.sqrt(count) + (errorMs + 2) / median(spreads);
}

/** How wide a range is, as the rig sees it. */
function widthOf(plainMs: number, { low, high }: Fit['jitter'], errorMs: number): number {
  return Math.max(plainMs * (high - low), 2 * errorMs + 2);
}

/** Whether a gap is longer than the longest of its law, by more than the rig may be wrong. */
function isLate(gap: number, longestMs: number, errorMs: number): boolean {
  return gap - errorMs - 2 > longestMs + 1e-9;
}
