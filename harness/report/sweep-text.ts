/** A sweep as tables for people: what each point does, what is recommended, what the wire said of it. */
import { COMPARED, type Compared, type Spread, type SweepResult, valuesText } from '../model/sweep.ts';

/** Head and rows of the table of points; the front is marked. */
export function pointRows({ points, recommended }: SweepResult): { head: string[]; rows: string[][] } {
  const names = Object.keys(points[0]?.values ?? {});
  const chosen = valuesText(recommended.values);
  return {
    head: [
      '',
      ...names,
      'time to trip',
      'tripped',
      'false trips/day',
      'failed',
      'degraded',
      'wasted',
      'recovery',
      'failed/day',
      'wasted/day',
    ],
    rows: points.map(({ values, metrics, onFront }) => [
      valuesText(values) === chosen ? '>' : onFront ? '*' : '',
      ...names.map((name) => String(values[name])),
      duration(metrics.timeToTripMs),
      `${Math.round(metrics.trippedShare * 100)} %`,
      falseTrips(metrics.falseTripsPerDay),
      count(metrics.failed),
      count(metrics.degraded),
      count(metrics.wasted),
      duration(metrics.recoveryMs),
      short(metrics.failedPerDay + metrics.degradedPerDay),
      short(metrics.wastedPerDay),
    ]),
  };
}

export const POINTS_LEGEND =
  '> recommended, * on the Pareto front; for one outage the median, and the band in which 8 of 10 runs lie; failed/day counts degraded too';

/** Head and rows of the comparison; empty where nothing was verified. */
export function verificationRows({ verification }: SweepResult): { head: string[]; rows: string[][] } {
  return {
    head: ['point', 'what', 'simulated', 'measured', 'relative error'],
    rows: (verification?.points ?? []).flatMap(({ values, isRecommended, compared }) =>
      (Object.keys(COMPARED) as Compared[]).map((name, i) => {
        const [unit, what] = COMPARED[name];
        const { simulated = null, measured = null, relativeError = null } = compared[name] ?? {};
        const text = (value: number | null): string =>
          value === null ? 'never' : `${short(value)}${unit === '' ? '' : ` ${unit}`}`;
        return [
          i === 0 ? `${valuesText(values)}${isRecommended ? ' (recommended)' : ''}` : '',
          what,
          text(simulated),
          text(measured),
          relativeError === null ? 'not compared' : `${(relativeError * 100).toFixed(1)} %`,
        ];
      }),
    ),
  };
}

/** What the comparison comes to, in a sentence; null: nothing was verified. */
export function verificationSays({ verification }: SweepResult): string | null {
  if (verification === null) return null;
  const { points, medianRelativeError } = verification;
  const outages = points.reduce((sum, { episodes }) => sum + episodes.length, 0);
  return medianRelativeError === null
    ? 'nothing could be compared: on the wire nothing came about that was simulated'
    : `median relative error ${(medianRelativeError * 100).toFixed(1)} % over ${points.length} points, ${outages} outages run for real`;
}

/** Lines of text, without colour. */
export function sweepLines(result: SweepResult): string[] {
  const { policy, assumed, traffic, outage, runs, recommended } = result;
  const points = pointRows(result);
  const says = verificationSays(result);
  const checked = verificationRows(result);
  return [
    `policy: ${policy}`,
    ...assumed.map((text) => `  ${text}`),
    `traffic: ${traffic.ratePerSecond} requests/s, ${traffic.arrivals}; an answer takes ${short(traffic.serviceMs)} ms`,
    `outage: ${outage.name} (${outage.about}), ${short(outage.perDay)} a day; ${(outage.errorRatio * 100).toPrecision(2)} % of attempts fail otherwise; ${runs} runs a point`,
    '',
    ...columns([points.head, ...points.rows]),
    POINTS_LEGEND,
    '',
    `recommended: ${recommended.why}`,
    ...(says === null ? [] : ['', ...columns([checked.head, ...checked.rows]), says]),
  ];
}

function columns(rows: readonly (readonly string[])[]): string[] {
  const widths = (rows[0] ?? []).map((_, i) => Math.max(...rows.map((row) => row[i]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd(),
  );
}

function falseTrips({ value, high }: { value: number; high: number }): string {
  return value === 0 && high > 0 ? `0 (< ${short(high)})` : short(value);
}

function duration({ median, low, high }: Spread): string {
  if (median === null) return 'never';
  return `${time(median)} (${low === null ? 'never' : time(low)}–${high === null ? 'never' : time(high)})`;
}

function time(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toPrecision(3)} s`;
}

function count({ median, low, high }: Spread): string {
  return `${short(median ?? 0)} (${short(low ?? 0)}–${short(high ?? 0)})`;
}

function short(value: number): string {
  return value >= 100 || Number.isInteger(value) ? value.toFixed(0) : value.toPrecision(3);
}
