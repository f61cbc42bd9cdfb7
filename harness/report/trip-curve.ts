/**
 * The trip curve as protection engineers draw it: how much fails against how long it takes to trip, both
 * logarithmic, with the band of repeated runs; and on it what was seen on the wire.
 */
import type { SweepResult, TripCurve, Verification } from '../model/sweep.ts';
import { valuesText } from '../model/sweep.ts';
import type { Ms } from '../model/time.ts';
import {
  type Axis,
  axes,
  COLOURS,
  DIM,
  escapeXml,
  type Frame,
  f,
  INK,
  label,
  picture,
  scale,
} from './plot.ts';

const LEGEND_LINE = 18;
const PLOT_HEIGHT = 400;

const X: Axis = {
  title: 'failure ratio: share of attempts that fail',
  from: 0.1,
  to: 1.06,
  isLog: true,
  ticks: [0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.7, 1].map((ratio) => [ratio, `${Math.round(ratio * 100)} %`]),
};

const TIMES: readonly [Ms, string][] = [
  [1, '1 ms'],
  [10, '10 ms'],
  [100, '100 ms'],
  [1_000, '1 s'],
  [10_000, '10 s'],
  [100_000, '100 s'],
];

type Shown = Pick<SweepResult, 'curves' | 'threshold' | 'verification'>;

export function renderTripCurve({ curves, threshold, verification }: Shown): string {
  const measured = verification?.points ?? [];
  const lines = curves.length + (measured.length > 0 ? 1 : 0);
  const frame: Frame = {
    width: 760,
    height: PLOT_HEIGHT + 70 + lines * LEGEND_LINE,
    left: 74,
    right: 16,
    top: 16,
    bottom: 54 + lines * LEGEND_LINE,
  };
  const y = timeAxis(curves, measured);
  const px = scale(X, frame.left, frame.width - frame.right);
  const py = scale(y, frame.height - frame.bottom, frame.top);
  const parts = [axes(X, y, frame)];
  if (threshold !== null && threshold >= X.from)
    parts.push(
      `<line x1="${f(px(threshold))}" x2="${f(px(threshold))}" y1="${frame.top}" y2="${frame.height - frame.bottom}" stroke="${DIM}" stroke-dasharray="2 4"/>`,
      label('threshold', px(threshold) + 4, frame.height - frame.bottom - 6),
    );
  for (const [i, curve] of curves.entries()) parts.push(bandOf(curve, colour(i), px, py, frame.top));
  // What is declared comes last, and dashed: where another curve agrees with it, both show.
  for (const [i, curve] of [...curves.entries()].toReversed())
    parts.push(lineOf(curve, i, px, py, frame.top));
  for (const point of measured) parts.push(dotsOf(point, curves, px, py));
  const top = frame.height - lines * LEGEND_LINE;
  for (const [i, { name }] of curves.entries())
    parts.push(legendLine(name, i, frame.left, top + i * LEGEND_LINE));
  if (measured.length > 0) {
    const at = top + curves.length * LEGEND_LINE;
    parts.push(
      `<circle cx="${frame.left + 14}" cy="${at}" r="4.5" fill="${INK}"/>`,
      label(
        'measured on the wire, in the colour of its curve (one dot an outage)',
        frame.left + 36,
        at + 4,
        'start',
        INK,
      ),
    );
  }
  return picture('trip curve', frame, parts);
}

function colour(index: number): string {
  return COLOURS[index % COLOURS.length] ?? INK;
}

/** Whole decades around everything that is drawn. */
function timeAxis(curves: readonly TripCurve[], measured: readonly Verification[]): Axis {
  const times = [
    ...curves.flatMap(({ points }) =>
      points.flatMap(({ timeToTripMs: { low, median, high } }) => [low, median, high]),
    ),
    ...measured.flatMap(({ episodes }) => episodes.map((one) => one.measured.timeToTripMs ?? null)),
  ].filter((ms) => ms !== null && ms > 0) as Ms[];
  const from = times.length === 0 ? 100 : 10 ** Math.floor(Math.log10(Math.min(...times)));
  const to =
    times.length === 0
      ? 10_000
      : 10 ** Math.max(Math.log10(from) + 1, Math.ceil(Math.log10(Math.max(...times))));
  const ticks = TIMES.filter(([ms]) => ms >= from && ms <= to);
  return { title: 'time to trip', from, to, isLog: true, ticks };
}

type Place = (value: number) => number;

/** Where the slow end of the band has not tripped within the horizon, the band goes on to the upper edge. */
function bandOf({ points }: TripCurve, fill: string, px: Place, py: Place, top: number): string {
  const shown = points.filter(({ timeToTripMs: { low } }) => low !== null);
  if (shown.length === 0) return '';
  const upper = shown.map(
    ({ failureRatio, timeToTripMs: { high } }) =>
      `${f(px(failureRatio))},${f(high === null ? top : py(high))}`,
  );
  const lower = shown.map(
    ({ failureRatio, timeToTripMs: { low } }) => `${f(px(failureRatio))},${f(py(low ?? 0))}`,
  );
  return `<polygon points="${[...upper, ...lower.toReversed()].join(' ')}" fill="${fill}" opacity="0.13"/>`;
}

function lineOf({ name, points }: TripCurve, index: number, px: Place, py: Place, top: number): string {
  const shown = points.filter(({ timeToTripMs: { median } }) => median !== null);
  const stroke = colour(index);
  const path = shown.map(
    ({ failureRatio, timeToTripMs: { median } }) => `${f(px(failureRatio))},${f(py(median ?? 0))}`,
  );
  const [first] = shown;
  const isAsymptote = first !== undefined && first !== points[0];
  // Below its first point it does not trip: the curve turns upward there.
  const arrow = isAsymptote
    ? `<path d="M${f(px(first.failureRatio))} ${f(py(first.timeToTripMs.median ?? 0))}V${top + 8}" stroke="${stroke}" stroke-dasharray="1 4" fill="none"/><path d="M${f(px(first.failureRatio) - 4)} ${top + 8}l4 -7 4 7z" fill="${stroke}"/>`
    : '';
  return `${arrow}<polyline points="${path.join(' ')}" fill="none" stroke="${stroke}" stroke-width="2"${dashOf(name)}><title>${escapeXml(name)}</title></polyline>`;
}

function dashOf(name: string): string {
  return name === 'declared' ? ' stroke-dasharray="7 5"' : '';
}

function dotsOf(
  { values, failureRatio, episodes }: Verification,
  curves: readonly TripCurve[],
  px: Place,
  py: Place,
): string {
  const text = valuesText(values);
  const index = curves.findIndex(({ name }) => name.endsWith(text));
  return episodes
    .map(({ measured }) => measured.timeToTripMs ?? null)
    .filter((ms) => ms !== null)
    .map(
      (ms) =>
        `<circle cx="${f(px(failureRatio))}" cy="${f(py(ms))}" r="4.5" fill="${index === -1 ? INK : colour(index)}" stroke="#fff"><title>${escapeXml(text)}: ${Math.round(ms)} ms on the wire</title></circle>`,
    )
    .join('');
}

function legendLine(name: string, index: number, x: number, y: number): string {
  return `<line x1="${x}" x2="${x + 28}" y1="${y}" y2="${y}" stroke="${colour(index)}" stroke-width="2"${dashOf(name)}/>${label(name, x + 36, y + 4, 'start', INK)}`;
}
