/**
 * Where a moment lies in a chart of what passed the wire: long pauses are cut short, and what is left is broken into
 * rows like a line of text.
 */
import type { Ms } from '../model/time.ts';
import type { WireChapter } from '../model/wire.ts';

/** A pause is cut when it is longer than this, and than this share of the whole. */
const PAUSE_MS_MIN = 400;
const PAUSE_SHARE = 0.2;
/** What is left of it: a share of what is not paused. */
const CUT_SHARE = 0.03;
/** So many calls or attempts a row can be told apart. */
const ITEMS_PER_ROW = 24;
const ROWS_MAX = 14;

/** A stretch of time in which nothing is drawn. */
export interface Cut {
  fromMs: Ms;
  toMs: Ms;
  /** Something was there, but is not kept. */
  isLeftOut: boolean;
}

export interface Timeline {
  cuts: readonly Cut[];
  rowCount: number;
  /** Place in a row: 0 is its left edge, 1 its right one; what lies outside is beyond them. */
  place(ms: Ms, row: number): number;
}

export function timelineOf(chapter: WireChapter): Timeline {
  const { fromMs, toMs, leftOut } = chapter;
  const busy = [...chapter.calls, ...chapter.attempts].map(({ startMs, endMs }) => ({
    fromMs: Math.max(fromMs, startMs),
    toMs: Math.min(toMs, endMs),
  }));
  const pauses = pausesBetween(busy, fromMs, toMs);
  const limitMs = Math.max(PAUSE_MS_MIN, PAUSE_SHARE * (toMs - fromMs));
  const cuts: Cut[] = pauses
    .filter((pause) => pause.toMs - pause.fromMs > limitMs || isIn(leftOut, pause))
    .map((pause) => ({ ...pause, isLeftOut: isIn(leftOut, pause) }));
  const cutMs = cuts.reduce((sum, cut) => sum + cut.toMs - cut.fromMs, 0);
  const drawnMs = Math.max(1, toMs - fromMs - cutMs);
  const shortMs = CUT_SHARE * drawnMs;
  /** Time as it is drawn: 0 at the beginning. */
  const drawn = (ms: Ms): number => {
    let at = ms - fromMs;
    for (const cut of cuts) {
      const lengthMs = cut.toMs - cut.fromMs;
      if (ms >= cut.toMs) at -= lengthMs - shortMs;
      else if (ms > cut.fromMs) at -= (ms - cut.fromMs) * (1 - shortMs / lengthMs);
    }
    return at;
  };
  const lengthMs = drawn(toMs);
  const items = Math.max(chapter.calls.length, chapter.attempts.length);
  const rowCount = Math.min(ROWS_MAX, Math.max(1, Math.ceil(items / ITEMS_PER_ROW)));
  const rowMs = lengthMs / rowCount;
  return {
    cuts,
    rowCount,
    place: (ms, row) => (drawn(ms) - row * rowMs) / rowMs,
  };
}

function isIn(leftOut: WireChapter['leftOut'], { fromMs, toMs }: { fromMs: Ms; toMs: Ms }): boolean {
  return leftOut !== null && fromMs < leftOut.toMs && toMs > leftOut.fromMs;
}

/** Stretches in which nothing goes on. */
function pausesBetween(
  busy: readonly { fromMs: Ms; toMs: Ms }[],
  fromMs: Ms,
  toMs: Ms,
): { fromMs: Ms; toMs: Ms }[] {
  const pauses: { fromMs: Ms; toMs: Ms }[] = [];
  let untilMs = fromMs;
  for (const one of busy.toSorted((a, b) => a.fromMs - b.fromMs)) {
    if (one.fromMs > untilMs) pauses.push({ fromMs: untilMs, toMs: one.fromMs });
    untilMs = Math.max(untilMs, one.toMs);
  }
  if (toMs > untilMs) pauses.push({ fromMs: untilMs, toMs });
  return pauses;
}

/** Puts intervals that overlap one below the other. @returns the lane of each, from 0; the last takes all that is too much */
export function lanesOf(items: readonly { startMs: Ms; endMs: Ms }[], most: number): number[] {
  const freeFromMs: Ms[] = [];
  return items.map(({ startMs, endMs }) => {
    const free = freeFromMs.findIndex((ms) => ms <= startMs);
    const lane = free === -1 ? Math.min(most - 1, freeFromMs.length) : free;
    freeFromMs[lane] = Math.max(endMs, freeFromMs[lane] ?? endMs);
    return lane;
  });
}
