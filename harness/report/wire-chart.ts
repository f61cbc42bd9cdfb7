/**
 * What one experiment saw, as a picture: calls at the entry, attempts on the link, what was armed, and whether the
 * breaker was open as the wire shows it. Outcomes differ by colour and by shape. Colours are the page's.
 */

import type { Ms } from '../model/time.ts';
import type { WireAttempt, WireCall, WireChapter } from '../model/wire.ts';
import { type WireSpan, wireStates } from '../policy/wire-states.ts';
import { escapeXml, f } from './plot.ts';
import { lanesOf, type Timeline, timelineOf } from './wire-time.ts';

export const CHART_WIDTH = 1000;
const GUTTER = 66;
const RIGHT = 12;
const SPAN = CHART_WIDTH - GUTTER - RIGHT;
const LANES_MAX = 8;
const FAULT_HEIGHT = 13;
const STRIP_HEIGHT = 13;
const AXIS_HEIGHT = 20;
const ROW_GAP = 10;
/** A label needs as much for each of its characters. */
const LETTER = 5.6;
const TICKS_PER_ROW = 8;

/** What became of a call or an attempt, its mark and what it means. The order is that of the legend. */
export const MARKS = {
  good: ['M-3.4 0a3.4 3.4 0 1 0 6.8 0a3.4 3.4 0 1 0-6.8 0z', 'answered well'],
  fallback: ['M0-4.4L4.4 0L0 4.4L-4.4 0z', 'answered by a fallback'],
  bad: ['M-3.2-3.2L3.2 3.2M3.2-3.2L-3.2 3.2', 'answered with an error'],
  left: ['M-4.4 0L3-3.8L3 3.8z', 'given up by the target'],
  broken: ['M-3.2-3.2H3.2V3.2H-3.2z', 'no answer: broken off'],
} as const;
export type Mark = keyof typeof MARKS;

/** How the target says that nothing was missing. */
const LIVE = 'live';

export function markOfCall({ ok, status, servedBy }: WireCall): Mark {
  if (status === null) return 'broken';
  if (!ok) return 'bad';
  return servedBy === null || servedBy === LIVE ? 'good' : 'fallback';
}

export function markOfAttempt({ ok, status, endedBy }: WireAttempt): Mark {
  if (ok) return 'good';
  if (endedBy === 'target') return 'left';
  return status === null ? 'broken' : 'bad';
}

interface Item {
  startMs: Ms;
  endMs: Ms;
  mark: Mark;
  says: string;
  /** Attempts of the same call. */
  call: number | null;
}

export interface ChartOptions {
  /** False: there is no breaker, so none is drawn. */
  hasBreaker: boolean;
  successesToClose?: number | undefined;
}

/** The chart without its `<svg>`, for a symbol that is shown more than once. */
export function wireChart(chapter: WireChapter, options: ChartOptions): { body: string; height: number } {
  const time = timelineOf(chapter);
  const calls = chapter.calls.map(
    (call): Item => ({ ...call, mark: markOfCall(call), says: saysOfCall(call), call: null }),
  );
  const attempts = chapter.attempts.map(
    (attempt): Item => ({ ...attempt, mark: markOfAttempt(attempt), says: saysOfAttempt(attempt) }),
  );
  const spans = options.hasBreaker ? wireStates(chapter, options.successesToClose) : [];
  const parts: string[] = [];
  let top = 2;
  for (let row = 0; row < time.rowCount; row++) {
    const drawn = drawRow({ chapter, time, row, calls, attempts, spans, top });
    parts.push(drawn.body);
    top += drawn.height + ROW_GAP;
  }
  return { body: parts.join(''), height: Math.ceil(top - ROW_GAP) };
}

interface RowOptions {
  chapter: WireChapter;
  time: Timeline;
  row: number;
  calls: readonly Item[];
  attempts: readonly Item[];
  spans: readonly WireSpan[];
  top: number;
}

function drawRow({ chapter, time, row, calls, attempts, spans, top }: RowOptions): {
  body: string;
  height: number;
} {
  const x = (ms: Ms): number => GUTTER + Math.min(1, Math.max(0, time.place(ms, row))) * SPAN;
  const isHere = (fromMs: Ms, toMs: Ms): boolean => time.place(toMs, row) > 0 && time.place(fromMs, row) < 1;
  const parts: string[] = [];
  let y = top + FAULT_HEIGHT;
  for (const [name, items] of [
    ['calls', calls],
    ['link', attempts],
  ] as const) {
    const here = items.filter(({ startMs, endMs }) => isHere(startMs, Math.max(endMs, startMs + 0.01)));
    const lane = laneOf(here);
    parts.push(gutterText(name, y + 12));
    parts.push(...here.map((item, i) => bar(item, lane.of[i] ?? 0, lane, y, x, time, row)));
    if (name === 'link' && lane.count === 1) parts.push(...gapLabels(here, chapter.calls, y, x));
    parts.push(
      `<line class="w-base" x1="${GUTTER}" x2="${CHART_WIDTH - RIGHT}" y1="${y + lane.height}" y2="${y + lane.height}"/>`,
    );
    y += lane.height + 2;
  }
  const lanesEnd = y;
  if (spans.length > 0) {
    parts.push(gutterText('breaker', y + 10));
    parts.push(...spans.filter(({ fromMs, toMs }) => isHere(fromMs, toMs)).map((one) => strip(one, y, x)));
    y += STRIP_HEIGHT;
  }
  parts.push(axis(chapter, time, row, y, x));
  const bands = chapter.faults
    .filter(({ fromMs, toMs }) => isHere(fromMs, toMs))
    .map(({ condition, fromMs, toMs, times }) => {
      const [from, to] = [x(fromMs), Math.max(x(fromMs) + 1, x(toMs))];
      const much = times === null ? '' : `, ${times} ${times === 1 ? 'attempt' : 'attempts'}`;
      const text = fits(condition, to - from) ? smallText(condition, from + 3, top + 10, 'w-faulty') : '';
      return `<rect class="w-fault w-fault-${condition === 'held' ? 'held' : 'bad'}" x="${f(from)}" y="${f(top)}" width="${f(to - from)}" height="${f(lanesEnd - top)}"><title>${escapeXml(condition + much)}</title></rect>${text}`;
    });
  const cuts = time.cuts
    .filter(({ fromMs, toMs }) => isHere(fromMs, toMs))
    .map((cut) => {
      const [from, to] = [x(cut.fromMs), x(cut.toMs)];
      const text = cut.isLeftOut ? 'not kept' : `${ms(cut.toMs - cut.fromMs)}`;
      const says = cut.isLeftOut
        ? `${chapter.leftOut?.calls ?? 0} calls and ${chapter.leftOut?.attempts ?? 0} attempts are not kept`
        : `a pause of ${text}`;
      return `<g class="w-cut"><rect x="${f(from)}" y="${f(top)}" width="${f(Math.max(2, to - from))}" height="${f(lanesEnd - top)}"/><title>${says}</title><text transform="translate(${f((from + to) / 2 + 3)} ${f(lanesEnd - 3)}) rotate(-90)">${text}</text></g>`;
    });
  return { body: [...bands, ...cuts, ...parts].join(''), height: y + AXIS_HEIGHT - top };
}

interface Lanes {
  of: readonly number[];
  count: number;
  height: number;
  laneHeight: number;
}

function laneOf(items: readonly Item[]): Lanes {
  const of = lanesOf(items, LANES_MAX);
  const count = Math.max(1, ...of.map((lane) => lane + 1));
  const laneHeight = count === 1 ? 20 : count === 2 ? 14 : 9;
  return { of, count, laneHeight, height: count * laneHeight + 2 };
}

function bar(
  { startMs, endMs, mark, says }: Item,
  lane: number,
  { laneHeight, count }: Lanes,
  top: number,
  x: (ms: Ms) => number,
  time: Timeline,
  row: number,
): string {
  const y = top + (lane + 0.5) * laneHeight + (count === 1 ? 3 : 0);
  const [from, to] = [x(startMs), x(endMs)];
  const text = ms(endMs - startMs);
  const isLabelled = endMs - startMs >= LABELLED_MS && count <= 2 && fits(text, to - from - 8);
  const isEndHere = time.place(endMs, row) <= 1;
  return [
    `<g class="w-${mark}"><title>${escapeXml(says)}</title>`,
    `<line class="w-bar" x1="${f(from)}" x2="${f(Math.max(to, from + 0.5))}" y1="${f(y)}" y2="${f(y)}"/>`,
    isEndHere ? `<path transform="translate(${f(to)} ${f(y)})" d="${MARKS[mark][0]}"/>` : '',
    '</g>',
    isLabelled ? smallText(text, (from + to) / 2, y - 3, 'w-length', 'middle') : '',
  ].join('');
}

/** Attempts that last as long are worth a number. */
const LABELLED_MS = 20;

/** Between attempts of one call: how long it waited before it tried again. */
function gapLabels(
  items: readonly Item[],
  calls: readonly WireCall[],
  top: number,
  x: (ms: Ms) => number,
): string[] {
  return items.flatMap((item, i) => {
    const before = items[i - 1];
    if (before === undefined || before.call !== item.call || item.startMs <= before.endMs) return [];
    // The same request may also have been sent twice: then no call lasts from one attempt to the other.
    if (!calls.some((call) => call.startMs <= before.endMs && call.endMs >= item.startMs)) return [];
    const text = ms(item.startMs - before.endMs);
    const [from, to] = [x(before.endMs), x(item.startMs)];
    const dots = `<line class="w-gap" x1="${f(from)}" x2="${f(to)}" y1="${top + 13}" y2="${top + 13}"><title>${text} from one attempt to the next</title></line>`;
    return [
      fits(text, to - from - 6) ? dots + smallText(text, (from + to) / 2, top + 10, '', 'middle') : dots,
    ];
  });
}

function strip({ state, fromMs, toMs }: WireSpan, top: number, x: (ms: Ms) => number): string {
  const [from, to] = [x(fromMs), Math.max(x(fromMs) + 1, x(toMs))];
  const length = ms(toMs - fromMs);
  const text = [`${state} ${length}`, state].find((one) => state !== 'closed' && fits(one, to - from));
  return `<rect class="w-${state}" x="${f(from)}" y="${f(top + 2)}" width="${f(to - from)}" height="${STRIP_HEIGHT - 3}"><title>${state}, ${length}</title></rect>${text === undefined ? '' : smallText(text, (from + to) / 2, top + 10, 'w-on-strip', 'middle')}`;
}

function axis(
  { fromMs, toMs, experiment }: WireChapter,
  time: Timeline,
  row: number,
  top: number,
  x: (ms: Ms) => number,
): string {
  const cutMs = time.cuts.reduce((sum, cut) => sum + cut.toMs - cut.fromMs, 0);
  const stepMs = niceStep((toMs - fromMs - cutMs) / time.rowCount / TICKS_PER_ROW);
  const marks: string[] = [];
  for (let at = 0; at <= toMs - fromMs; at += stepMs) {
    const atMs = fromMs + at;
    const place = time.place(atMs, row);
    if (place < 0 || place > 1 || time.cuts.some((cut) => atMs > cut.fromMs && atMs < cut.toMs)) continue;
    marks.push(
      `<line class="w-tick" x1="${f(x(atMs))}" x2="${f(x(atMs))}" y1="${f(top)}" y2="${f(top + 4)}"/>${smallText(ms(at), x(atMs), top + 14, '', place > 0.97 ? 'end' : 'middle')}`,
    );
  }
  return `<g aria-label="${escapeXml(`time in ${experiment}`)}">${marks.join('')}</g>`;
}

function niceStep(roughMs: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(roughMs, 1e-3)));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= roughMs) ?? power;
}

function fits(text: string, width: number): boolean {
  return width >= text.length * LETTER;
}

function gutterText(text: string, y: number): string {
  return `<text class="w-name" x="0" y="${f(y)}">${text}</text>`;
}

function smallText(text: string, x: number, y: number, kind = '', anchor = 'start'): string {
  return `<text class="w-small ${kind}" x="${f(x)}" y="${f(y)}" text-anchor="${anchor}">${escapeXml(text)}</text>`;
}

/** Time as people read it: a tenth below 10 ms, seconds from 10 s. */
export function ms(value: Ms): string {
  if (value >= 10_000) return `${Number((value / 1_000).toFixed(1))} s`;
  return `${value < 10 ? Number(value.toFixed(1)) : Math.round(value)} ms`;
}

function saysOfCall(call: WireCall): string {
  const { status, servedBy, startMs, endMs } = call;
  const got = status === null ? 'no answer' : `status ${status}`;
  return `call, ${ms(endMs - startMs)}: ${got}${servedBy === null ? '' : `, served by ${servedBy}`}`;
}

function saysOfAttempt(attempt: WireAttempt): string {
  const { status, startMs, endMs, firstByteMs } = attempt;
  const head = firstByteMs === null ? '' : `, first byte after ${ms(firstByteMs - startMs)}`;
  return `attempt, ${ms(endMs - startMs)}: ${status === null ? 'no status' : `status ${status}`}, ${MARKS[markOfAttempt(attempt)][1]}${head}`;
}
