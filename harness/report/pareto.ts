/** The points of a sweep by what they cost users and the dependency, with the Pareto front. */
import { type SweepPoint, type SweepResult, valuesText } from '../model/sweep.ts';
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
  roundTicks,
  scale,
} from './plot.ts';

const FRAME: Frame = { width: 760, height: 460, left: 74, right: 24, top: 16, bottom: 76 };
/** More labels than that cannot be read. */
const LABELS_MAX = 14;
/** Right of this part of the plot a label is written to the left of its point. */
const TURNING_SHARE = 0.75;
const MARGIN = 0.08;

export function renderPareto({ points, recommended }: Pick<SweepResult, 'points' | 'recommended'>): string {
  const users = points.map(usersOf);
  const upstream = points.map(({ metrics }) => metrics.wastedPerDay);
  const x = axisOf('wasted attempts upstream a day', upstream);
  const y = axisOf('failed and degraded requests a day', users);
  const px = scale(x, FRAME.left, FRAME.width - FRAME.right);
  const py = scale(y, FRAME.height - FRAME.bottom, FRAME.top);
  const chosen = valuesText(recommended.values);
  // What is the same everywhere tells no two points apart.
  const names = Object.keys(recommended.values).filter(
    (name) => new Set(points.map(({ values }) => values[name])).size > 1,
  );
  const front = points
    .filter(({ onFront }) => onFront)
    .toSorted((a, b) => a.metrics.wastedPerDay - b.metrics.wastedPerDay);
  const line = front.map((point) => `${f(px(point.metrics.wastedPerDay))},${f(py(usersOf(point)))}`);
  const marks = points.map((point) => {
    const [cx, cy] = [px(point.metrics.wastedPerDay), py(usersOf(point))];
    const text = valuesText(point.values);
    const isChosen = text === chosen;
    const ring = isChosen
      ? `<circle cx="${f(cx)}" cy="${f(cy)}" r="10" fill="none" stroke="${COLOURS[1]}" stroke-width="2.5"/>`
      : '';
    const isRight = cx > FRAME.width * TURNING_SHARE;
    const written =
      isChosen || (point.onFront && front.length <= LABELS_MAX)
        ? label(
            names.map((name) => point.values[name]).join(' / '),
            isRight ? cx - 13 : cx + 13,
            cy - 8,
            isRight ? 'end' : 'start',
            isChosen ? INK : DIM,
          )
        : '';
    const falseTrips = point.metrics.falseTripsPerDay.value.toFixed(2);
    return `<circle cx="${f(cx)}" cy="${f(cy)}" r="5" fill="${point.onFront ? COLOURS[0] : '#fff'}" stroke="${point.onFront ? COLOURS[0] : DIM}"><title>${escapeXml(text)}: ${Math.round(usersOf(point))} requests, ${Math.round(point.metrics.wastedPerDay)} attempts, ${falseTrips} false trips a day</title></circle>${ring}${written}`;
  });
  const legendY = FRAME.height - 12;
  return picture('Pareto front', FRAME, [
    axes(x, y, FRAME),
    `<polyline points="${line.join(' ')}" fill="none" stroke="${COLOURS[0]}" stroke-width="1.5" stroke-dasharray="4 4"/>`,
    ...marks,
    `<circle cx="${FRAME.left + 6}" cy="${legendY - 4}" r="5" fill="${COLOURS[0]}"/>`,
    label(`on the front: ${names.join(' / ')}`, FRAME.left + 18, legendY),
    `<circle cx="${FRAME.left + 350}" cy="${legendY - 4}" r="5" fill="#fff" stroke="${DIM}"/>`,
    label('not', FRAME.left + 362, legendY),
    `<circle cx="${FRAME.left + 406}" cy="${legendY - 4}" r="7" fill="none" stroke="${COLOURS[1]}" stroke-width="2.5"/>`,
    label('recommended', FRAME.left + 420, legendY),
  ]);
}

function usersOf({ metrics }: SweepPoint): number {
  return metrics.failedPerDay + metrics.degradedPerDay;
}

function axisOf(title: string, values: readonly number[]): Axis {
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const margin = (most - least || most || 1) * MARGIN;
  const [from, to] = [Math.max(0, least - margin), most + margin];
  return { title, from, to, isLog: false, ticks: roundTicks(from, to) };
}
