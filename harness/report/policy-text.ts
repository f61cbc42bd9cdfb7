/** A measured policy as a table for people: what is known, how well, from how many observations. */

import { type Finding, type MeasuredPolicy, QUANTITIES, type QuantityName } from '../model/measured.ts';
import type { Row } from '../policy/validate.ts';

/** Lines of text, without colour. */
export function policyLines(policy: MeasuredPolicy): string[] {
  const { calibration, findings, matrix } = policy;
  const rows = (Object.keys(QUANTITIES) as QuantityName[]).map((name) => rowOf(name, findings[name]));
  return [
    headOf(policy),
    errorText(calibration),
    '',
    ...columns([['what', 'value', 'between', 'seen', 'how'], ...rows]),
    '',
    ...columns([
      ['failure', 'attempts', 'retried', 'counts', 'caller gets'],
      ...Object.entries(matrix).map(([shape, row]) => [
        shape,
        row.attempts === null ? '?' : String(row.attempts),
        yes(row.retried),
        yes(row.counts),
        row.caller === null
          ? (row.why ?? '?')
          : `${row.caller}${row.status === null ? '' : ` ${row.status}`}`,
      ]),
    ]),
  ];
}

/** What was measured, and how much it took. */
export function headOf({
  target,
  link,
  request,
  environment,
  requests,
  tookMs,
  complete,
  replicas,
}: MeasuredPolicy): string {
  return `${target}, link ${link}, asked with "${request}" in environment ${environment}: ${requests} requests in ${(tookMs / 1000).toFixed(1)} s${replicas === undefined ? '' : ` on ${replicas} replicas`}${complete ? '' : ', NOT COMPLETE'}`;
}

/** What the rig knows of its own error. */
export function errorText(calibration: MeasuredPolicy['calibration']): string {
  return calibration === null
    ? 'the error of this measurement is not known: the link cannot be called from here'
    : `error of this measurement: ${calibration.offsetMs.toFixed(2)} ms ± ${(calibration.spreadMs / 2).toFixed(2)} ms (${calibration.observations} observations of a client of known schedule)`;
}

/** Declared beside measured, a line for each quantity, and what it comes to. */
export function comparisonLines(heading: string, rows: readonly Row[]): string[] {
  const count = (outcome: Row['outcome']): number => rows.filter((row) => row.outcome === outcome).length;
  return [
    heading,
    ...columns([
      ['', 'what', 'declared', 'measured', 'between', 'how'],
      ...rows.map((row) => {
        const [name, value, between, , how] = rowOf(row.name, row.measured);
        const mark = { same: 'same', drift: 'DRIFT', unknown: '?' }[row.outcome];
        return [
          mark,
          name ?? '',
          valueText(row.declared, QUANTITIES[row.name][0]),
          value ?? '',
          between ?? '',
          how ?? '',
        ];
      }),
    ]),
    `${count('same')} the same, ${count('drift')} drifted, ${count('unknown')} could not be told`,
    '',
  ];
}

/** One finding as words: value, interval, observations, experiment. */
export function rowOf(name: QuantityName, finding: Finding | undefined): string[] {
  const [unit] = QUANTITIES[name];
  if (finding === undefined || !finding.known)
    return [name, 'unknown', '', '', finding?.why ?? 'not measured'];
  return [
    name,
    valueText(finding.value, unit),
    intervalText(finding),
    String(finding.observations),
    finding.experiment,
  ];
}

export function valueText(value: string | number | boolean | null, unit: string): string {
  if (value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  if (typeof value === 'string') return value;
  return `${rounded(value)}${unit === '' ? '' : ` ${unit}`}`;
}

function intervalText({ low, high, value }: Extract<Finding, { known: true }>): string {
  if (low === undefined || high === undefined) return '';
  if (high === null) return `${value === null ? 'none below' : 'at least'} ${rounded(low)}`;
  return low === high ? 'exact' : `${rounded(low)} to ${rounded(high)}`;
}

function rounded(value: number): string {
  return Number.isInteger(value) ? String(value) : value.toPrecision(value >= 100 ? 4 : 3);
}

function yes(value: boolean | null): string {
  return value === null ? '?' : value ? 'yes' : 'no';
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
