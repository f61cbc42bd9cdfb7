/**
 * Whether a breaker was open, as the wire shows it: calls that come while no attempt does. It explains a picture; no
 * value is concluded from it.
 */
import type { BreakerState } from '../model/policy.ts';
import type { Ms } from '../model/time.ts';
import type { WireCall, WireChapter } from '../model/wire.ts';

export interface WireSpan {
  state: BreakerState;
  fromMs: Ms;
  toMs: Ms;
}

/** Attempts under these do not show on the link, so that their absence tells nothing. */
const UNSEEN: ReadonlySet<string> = new Set(['refused', 'black-hole']);
/** A call is over for its caller a little before the link has seen the end of it. */
const SLACK_MS = 1;

/**
 * @param successesToClose good attempts that close it; left out: one
 * @returns spans in the order of time, without a gap but for what was left out of the chapter
 */
export function wireStates(chapter: WireChapter, successesToClose = 1): WireSpan[] {
  const { attempts, leftOut, fromMs, toMs } = chapter;
  const spans: WireSpan[] = [];
  let state = 'closed' as BreakerState;
  let sinceMs = fromMs;
  let goodProbes = 0;
  const become = (next: BreakerState, atMs: Ms): void => {
    if (next === state) return;
    if (atMs > sinceMs) spans.push({ state, fromMs: sinceMs, toMs: atMs });
    [state, sinceMs] = [next, atMs];
    goodProbes = 0;
  };
  let lastEndMs = fromMs;
  for (const group of groupsOf(chapter.calls)) {
    if (leftOut !== null && lastEndMs <= leftOut.fromMs && group.fromMs >= leftOut.toMs) {
      // Nobody knows what it was when what was left out ended.
      if (leftOut.fromMs > sinceMs) spans.push({ state, fromMs: sinceMs, toMs: leftOut.fromMs });
      [state, sinceMs] = ['closed', leftOut.toMs];
    }
    const seen = attempts.filter(
      ({ startMs }) => startMs >= group.fromMs - SLACK_MS && startMs <= group.toMs + SLACK_MS,
    );
    const [first] = seen;
    if (first === undefined) {
      // From the end of the attempt after which nothing came any more.
      if (!isHidden(chapter, group)) become('open', lastEndMs);
    } else if (state === 'open') become('half-open', first.startMs);
    if (state === 'half-open')
      for (const { ok, endMs } of seen) {
        goodProbes = ok ? goodProbes + 1 : 0;
        if (goodProbes >= successesToClose) become('closed', endMs);
      }
    if (seen.length > 0) lastEndMs = Math.max(...seen.map(({ endMs }) => endMs));
  }
  if (toMs > sinceMs) spans.push({ state, fromMs: sinceMs, toMs });
  return spans;
}

/** Calls that overlap, as one. */
function groupsOf(calls: readonly WireCall[]): { fromMs: Ms; toMs: Ms }[] {
  const groups: { fromMs: Ms; toMs: Ms }[] = [];
  for (const { startMs, endMs } of calls) {
    const last = groups.at(-1);
    if (last !== undefined && startMs < last.toMs) last.toMs = Math.max(last.toMs, endMs);
    else groups.push({ fromMs: startMs, toMs: endMs });
  }
  return groups;
}

function isHidden({ faults }: WireChapter, group: { fromMs: Ms; toMs: Ms }): boolean {
  return faults.some(
    ({ condition, fromMs, toMs }) => UNSEEN.has(condition) && fromMs < group.toMs && toMs > group.fromMs,
  );
}
