/** What a breaker went through, what it may be, and what can be done with it: the words of the search for its kind. */
import type { Ms } from '../model/time.ts';
import type { RuleSpec } from './rules.ts';

/** One call of the target as the breaker may have counted it. */
export interface SeenCall {
  what: 'call';
  endMs: Ms;
  ok: boolean;
  attempts: readonly { ok: boolean; endMs: Ms }[];
  /** Silence began after its last attempt; null: what came after it does not tell. */
  tripped: boolean | null;
  /** It may have tripped after it and closed again: what came next came as late as that. */
  mayHide: boolean;
  /** Silence began inside it: fewer attempts than a failed call makes. */
  cutShort: boolean;
  /** A probe: it decides about closing, not about tripping. */
  isProbe: boolean;
}
/**
 * What a breaker went through, in order. `fog`: so many calls at most, until then, of so many attempts each, of which
 * nobody knows how they were counted.
 */
export type Seen =
  | SeenCall
  | { what: 'rejected'; endMs: Ms }
  | { what: 'closed' }
  | { what: 'fog'; calls: number; attemptsEach: number; endMs: Ms }
  /** Good probes that were under way when it closed: some breakers count them, some do not. */
  | { what: 'surplus'; count: number; endMs: Ms };

export type Unit = 'calls' | 'attempts';
/**
 * What a close does to what was counted. `clears-but-probe`: the good probe that closed it is the first to count.
 * `keeps-all`: calls that were rejected while it was open count too, as calls that did not fail.
 */
export type OnClose = 'clears' | 'clears-but-probe' | 'keeps' | 'keeps-with-probes' | 'keeps-all';

/** Whether what was counted is gone then. */
export function clears(onClose: OnClose): boolean {
  return onClose === 'clears' || onClose === 'clears-but-probe';
}

export interface Hypothesis {
  rule: RuleSpec;
  unit: Unit;
  onClose: OnClose;
  countsSurplus: boolean;
  /** Rates within which a rule of shares does the same, whatever comes. */
  rates?: { low: number; high: number };
}

/** What comes later than this share of the open duration may come after it, and can hide that it was open. */
export const HIDING_SHARE = 0.85;

/** No breaker that is known from the field asks for more good probes. */
export const PROBES_MAX = 5;

/** More calls than any rule looks back on. */
export const ANY = 1e6;

/** A step: a call whose first so many attempts fail (Infinity: all), or a pause. */
export type Step = { failures: number } | { pauseMs: Ms };
export type Sequence = readonly Step[];
/** What calls and waiting cost, in ms. */
export interface Costs {
  okMs: Ms;
  failMs: Ms;
  /** From a trip to closed again. */
  recoveryMs: Ms;
}

export function lastMs(story: readonly Seen[]): Ms {
  return story.findLast((seen) => seen.what === 'call')?.endMs ?? 0;
}
