/**
 * A run as a picture: fault windows, how requests were answered, attempts on each link, and breaker
 * state as the wire shows it and as the target tells it. Plain SVG, drawn from the history alone.
 */
import { attemptsOn } from '../check/attempts.ts';
import { replayBreaker, type StateSpan } from '../check/replay.ts';
import { faultSpans, loadEnd, loadStart } from '../check/windows.ts';
import { type EventOf, eventsOf, type History, type RequestEvent } from '../model/history.ts';
import type { BreakerState } from '../model/policy.ts';
import { type Nanoseconds, toMs } from '../model/time.ts';

const WIDTH = 1000;
const GUTTER = 118;
const REQUEST_BINS = 90;
const REQUESTS_HEIGHT = 110;
const LANE_HEIGHT = 34;
const STRIP_HEIGHT = 9;
const GAP = 14;
const AXIS_HEIGHT = 22;

/** Ways of answering in the order in which they are stacked: best at the bottom. */
const SERVED_ORDER = ['live', 'hash', 'memory', 'cached', 'default', 'error', 'timeout', 'broken', 'dropped'];

/** How a request was answered, for the legend and its colour. */
export function servedClass(request: RequestEvent): string {
  if (request.outcome !== 'ok') return request.outcome;
  const by = request.servedBy ?? 'live';
  return SERVED_ORDER.includes(by) ? by : 'default';
}

/** The whole chart of a history. */
export function renderChart(history: History): string {
  const fromT = loadStart(history);
  const toT = Math.max(loadEnd(history), ...eventsOf(history, 'request').map(({ endT }) => endT));
  const x = (t: Nanoseconds): number =>
    GUTTER + ((Math.min(Math.max(t, fromT), toT) - fromT) / (toT - fromT)) * (WIDTH - GUTTER - 8);
  const links = Object.keys(history.header.protocols);
  const parts: string[] = [];
  let y = 4;
  parts.push(requestsChart(history, fromT, toT, x, y));
  y += REQUESTS_HEIGHT + GAP;
  for (const link of links) {
    parts.push(linkLane(history, link, x, y));
    y += LANE_HEIGHT + 2 * STRIP_HEIGHT + 4 + GAP;
  }
  parts.push(axis(fromT, toT, x, y));
  const height = y + AXIS_HEIGHT;
  const windows = faultSpans(history).map(
    (span) =>
      `<rect class="window" x="${f(x(span.fromT))}" y="0" width="${f(x(span.toT) - x(span.fromT))}" height="${y}"/>`,
  );
  return `<svg viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="time line of the run">${windows.join('')}${parts.join('')}</svg>`;
}

function requestsChart(
  history: History,
  fromT: Nanoseconds,
  toT: Nanoseconds,
  x: (t: Nanoseconds) => number,
  top: number,
): string {
  const binNs = (toT - fromT) / REQUEST_BINS;
  const bins = Array.from({ length: REQUEST_BINS }, () => new Map<string, number>());
  for (const request of eventsOf(history, 'request')) {
    if (request.t < fromT) continue; // warm-up
    const bin = bins[Math.min(REQUEST_BINS - 1, Math.max(0, Math.floor((request.t - fromT) / binNs)))];
    const served = servedClass(request);
    bin?.set(served, (bin.get(served) ?? 0) + 1);
  }
  const most = Math.max(1, ...bins.map((bin) => [...bin.values()].reduce((sum, n) => sum + n, 0)));
  const bars = bins.flatMap((bin, i) => {
    let base = top + REQUESTS_HEIGHT;
    const left = x(fromT + i * binNs);
    const width = Math.max(1, x(fromT + (i + 1) * binNs) - left - 1);
    return SERVED_ORDER.flatMap((served) => {
      const n = bin.get(served);
      if (n === undefined) return [];
      const height = (n / most) * REQUESTS_HEIGHT;
      base -= height;
      const title = `${n} ${served}, ${Math.round(toMs(i * binNs))} ms`;
      return [
        `<rect class="s-${served}" x="${f(left)}" y="${f(base)}" width="${f(width)}" height="${f(height)}"><title>${title}</title></rect>`,
      ];
    });
  });
  const perSecond = Math.round(most / (toMs(binNs) / 1000));
  return `${label('requests', top + 12)}${label(`up to ${perSecond}/s`, top + 26, 'dim')}${bars.join('')}`;
}

function linkLane(history: History, link: string, x: (t: Nanoseconds) => number, top: number): string {
  const attempts = attemptsOn(history, link);
  const shown = attempts.filter(({ t }) => t >= loadStart(history));
  const faults = faultSpans(history, link).map((span) => {
    const width = Math.max(2, x(span.toT) - x(span.fromT));
    const types = eventsOf(history, 'fault')
      .filter((event) => event.link === link && event.spec !== null)
      .map((event) => event.spec?.type);
    return `<rect class="fault" x="${f(x(span.fromT))}" y="${top}" width="${f(width)}" height="${LANE_HEIGHT}"><title>${[...new Set(types)].join(', ')}</title></rect>`;
  });
  const marks = shown.map((attempt) => {
    const kind = attempt.failed ? 'failed' : 'good';
    const y1 = attempt.failed ? top + 3 : top + LANE_HEIGHT / 2;
    const title = `${kind} attempt, ${Math.round(toMs(attempt.endT - attempt.t))} ms, event ${attempt.id}`;
    return `<line class="a-${kind}" x1="${f(x(attempt.t))}" x2="${f(x(attempt.t))}" y1="${f(y1)}" y2="${top + LANE_HEIGHT - 2}"><title>${title}</title></line>`;
  });
  const breaker = history.header.declared[link]?.breaker;
  const wire = breaker === undefined || breaker === null ? [] : replayBreaker(attempts, breaker).spans;
  const wireTop = top + LANE_HEIGHT + 2;
  const toldTop = wireTop + STRIP_HEIGHT + 2;
  return [
    label(link, top + 14),
    label(`${shown.length} attempts`, top + 27, 'dim'),
    ...faults,
    ...marks,
    `<text class="dim small" x="${GUTTER - 6}" y="${wireTop + 8}" text-anchor="end">by the wire</text>`,
    strip(wire, x, wireTop),
    `<text class="dim small" x="${GUTTER - 6}" y="${toldTop + 8}" text-anchor="end">as told</text>`,
    strip(toldSpans(eventsOf(history, 'breaker').filter((event) => event.link === link)), x, toldTop),
  ].join('');
}

function toldSpans(events: readonly EventOf<'breaker'>[]): StateSpan[] {
  return events.map(({ t, to }, i) => ({ state: to, fromT: t, toT: events[i + 1]?.t ?? Infinity }));
}

const STATE_NAMES: Record<BreakerState, string> = {
  closed: 'closed',
  open: 'open',
  'half-open': 'half-open',
};

function strip(spans: readonly StateSpan[], x: (t: Nanoseconds) => number, top: number): string {
  return spans
    .map(({ state, fromT, toT }) => {
      const left = x(fromT);
      const width = Math.max(1.5, x(toT) - left);
      return `<rect class="b-${state}" x="${f(left)}" y="${top}" width="${f(width)}" height="${STRIP_HEIGHT}"><title>${STATE_NAMES[state]}</title></rect>`;
    })
    .join('');
}

function axis(fromT: Nanoseconds, toT: Nanoseconds, x: (t: Nanoseconds) => number, top: number): string {
  const seconds = toMs(toT - fromT) / 1000;
  const marks: string[] = [];
  const step = seconds > 30 ? Math.ceil(seconds / 15) : 1;
  for (let second = 0; second <= seconds; second += step) {
    const at = f(x(fromT + second * 1e9));
    marks.push(
      `<line class="axis" x1="${at}" x2="${at}" y1="${top - 6}" y2="${top}"/><text class="dim small" x="${at}" y="${top + 11}" text-anchor="middle">${second} s</text>`,
    );
  }
  return marks.join('');
}

function label(text: string, y: number, kind = ''): string {
  return `<text class="label ${kind}" x="0" y="${y}">${text}</text>`;
}

/** Coordinates to a tenth: finer cannot be seen and makes the page larger. */
function f(value: number): string {
  return value.toFixed(1);
}
