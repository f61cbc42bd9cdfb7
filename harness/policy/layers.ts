/**
 * Layers of retries, as a client library that tries again inside an application that tries again: what the inner one
 * gives up the outer one begins anew, so the gaps of the inner one come again and again, with another gap between.
 * Delays of one law never fall, so one law alone cannot explain that; where layers do not differ in their gaps,
 * nothing tells them apart.
 */
import type { Ms } from '../model/time.ts';
import { median } from './lab.ts';

export interface Layers {
  /** Attempts of each layer, the innermost first; their product is all there are. */
  attempts: readonly number[];
  /** Gaps of each layer, in the same order. */
  gapsMs: readonly (readonly Ms[])[];
}

/** Of fewer calls nothing is said. */
const CALLS_MIN = 4;
/**
 * Fewer repeats of an inner gap may be chance: 2 × 2 attempts are also three gaps of one law, of which a deadline has
 * cut the last one short.
 */
const REPEATS_MIN = 2;
/** A fall by less than this share may have another reason, such as a connection that is made anew. */
const FALL_SHARE = 0.25;
/** Gaps are equal within this share, beyond the error of the measurement: timers of targets are late too. */
const SAME_SHARE = 0.06;

/**
 * The layers that the gaps show; null: one law may explain them, or they differ from call to call.
 * @param gaps for each gap of a call, in order, what was seen of it in each call; ms
 */
export function layersOf(gaps: readonly (readonly number[])[], errorMs: number): Layers | null {
  if (Math.min(...gaps.map((seen) => seen.length)) < CALLS_MIN) return null;
  const same = (a: Ms, b: Ms): boolean => Math.abs(a - b) <= 2 * errorMs + 2 + SAME_SHARE * Math.max(a, b);
  // Draws of jitter rise and fall by themselves.
  if (!gaps.every((seen) => same(Math.min(...seen), Math.max(...seen)))) return null;
  return split(gaps.map(median), same);
}

function split(gapsMs: readonly Ms[], same: (a: Ms, b: Ms) => boolean): Layers | null {
  const rises = (some: readonly Ms[]): boolean =>
    some.every((gap, i) => i === 0 || gap >= (some[i - 1] ?? 0) || same(gap, some[i - 1] ?? 0));
  const falls = gapsMs.some((gap, i) => {
    const before = gapsMs[i - 1] ?? 0;
    return gap < (1 - FALL_SHARE) * before && !same(gap, before);
  });
  if (!falls) return null;
  const total = gapsMs.length + 1;
  for (let inner = 2; inner <= total / 2; inner++) {
    const repeats = (inner - 1) * (total / inner - 1);
    if (total % inner !== 0 || repeats < REPEATS_MIN) continue;
    const inside = gapsMs.slice(0, inner - 1);
    const between = gapsMs.filter((_, i) => (i + 1) % inner === 0);
    const comesAgain = gapsMs.every((gap, i) => (i + 1) % inner === 0 || same(gap, inside[i % inner] ?? 0));
    if (!rises(inside) || !comesAgain) continue;
    if (rises(between)) return { attempts: [inner, total / inner], gapsMs: [inside, between] };
    const around = split(between, same);
    if (around !== null) return { attempts: [inner, ...around.attempts], gapsMs: [inside, ...around.gapsMs] };
  }
  return null;
}
