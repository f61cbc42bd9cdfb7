/** The table of the links bench: a line per measure, with its target and a verdict. Pure. */
import type { Accuracy } from './accuracy.ts';
import type { Memory } from './memory.ts';
import type { Measured, Round } from './rounds.ts';
import { median } from './statistics.ts';

/** Everything the bench found. */
export interface LinksResult {
  startedAt: string;
  machine: string;
  toxiproxyVersion: string;
  rounds: Round[];
  memory: Memory;
  accuracy: { ours: Accuracy[]; toxiproxy: Accuracy[] };
}

/** One line; `met` is null where noise has drowned what was to be measured. */
export interface Line {
  measure: string;
  direct: string;
  ours: string;
  toxiproxy: string;
  ratio: string;
  target: string;
  met: boolean | null;
}

/**
 * Memory counts as flat while it grows by less than this. V8 doubles its young generation at some point
 * of a busy life (+32 MiB, once) and keeps it; a leak of 7 bytes a request would show in 10 million.
 */
const FLAT_BYTES_MAX = 64 * 1024 * 1024;

const MB = 1e6;
const MIB = 1024 * 1024;

export function linesOf({ rounds, memory, accuracy }: LinksResult): Line[] {
  const perSecond = (measure: string, key: keyof Measured, unit: number, min: number): Line => {
    const ratio = median(rounds.map(({ ours, toxiproxy }) => ours[key] / toxiproxy[key]));
    const show = (party: keyof Round): string =>
      Math.round(median(rounds.map((round) => round[party][key])) / unit).toString();
    return {
      measure,
      direct: show('direct'),
      ours: show('ours'),
      toxiproxy: show('toxiproxy'),
      ratio: ratio.toFixed(2),
      target: `>= ${min.toFixed(1)}`,
      met: ratio >= min,
    };
  };
  const cpuRatio = median(
    rounds.map(({ ours, toxiproxy }) => ours.cpuUsPerRequest16 / toxiproxy.cpuUsPerRequest16),
  );
  const cpu = (party: 'ours' | 'toxiproxy'): string =>
    median(rounds.map((round) => round[party].cpuUsPerRequest16)).toFixed(1);
  const added = (measure: string, key: 'latencyMsP50' | 'latencyMsP99', max: number): Line => {
    const over = (party: 'ours' | 'toxiproxy') =>
      median(rounds.map((round) => round[party][key] - round.direct[key]));
    // Of medians, not the median of ratios: a difference near nothing in one round would make any ratio.
    const ratio = over('toxiproxy') > 0 ? over('ours') / over('toxiproxy') : Number.NaN;
    return {
      measure,
      direct: median(rounds.map(({ direct }) => direct[key])).toFixed(3),
      ours: signed(over('ours'), 3),
      toxiproxy: signed(over('toxiproxy'), 3),
      ratio: Number.isNaN(ratio) ? '' : ratio.toFixed(2),
      target: `<= ${max.toFixed(1)}`,
      met: Number.isNaN(ratio) ? null : ratio <= max,
    };
  };
  return [
    perSecond('requests/s, 16 connections', 'requestsPerS16', 1, 1),
    perSecond('requests/s, 128 connections', 'requestsPerS128', 1, 1),
    {
      measure: "proxy's CPU per request, 16 connections, µs",
      direct: '',
      ours: cpu('ours'),
      toxiproxy: cpu('toxiproxy'),
      ratio: cpuRatio.toFixed(2),
      target: '<= 1.0',
      met: cpuRatio <= 1,
    },
    added('added latency, 1 connection, median, ms', 'latencyMsP50', 0.6),
    added('added latency, 1 connection, p99, ms', 'latencyMsP99', 0.5),
    perSecond('download, MB/s', 'downloadBytesPerS', MB, 1),
    perSecond('upload, MB/s', 'uploadBytesPerS', MB, 1),
    memoryLine(memory),
    ...accuracy.ours.map((ours, i) => accuracyLine(ours, accuracy.toxiproxy[i] ?? ours)),
  ];
}

function memoryLine({ requests, beforeBytes, afterBytes }: Memory): Line {
  const grownBytes = afterBytes - beforeBytes;
  return {
    measure: `memory over ${(requests / 1e6).toFixed(1)} million requests, MiB`,
    direct: '',
    ours: `${Math.round(beforeBytes / MIB)} to ${Math.round(afterBytes / MIB)}`,
    toxiproxy: '',
    ratio: '',
    target: `grows < ${FLAT_BYTES_MAX / MIB}`,
    met: grownBytes < FLAT_BYTES_MAX,
  };
}

/** A target of its own, or the other's error where the machine let that be greater. */
function accuracyLine(ours: Accuracy, toxiproxy: Accuracy): Line {
  const offBy = ({ asked, measured }: Accuracy): number => Math.abs(measured - asked);
  const graceMax = ours.unit === 'ms' ? LATENCY_OFF_MS_MAX : ours.asked * BANDWIDTH_OFF_RATIO_MAX;
  const show = ({ asked, measured }: Accuracy): string =>
    `${measured.toFixed(1)} (${signed((measured / asked - 1) * 100, 1)} %)`;
  return {
    measure: `${ours.toxic} of ${ours.asked} ${ours.unit}`,
    direct: '',
    ours: show(ours),
    toxiproxy: show(toxiproxy),
    ratio: '',
    target: `within ${ours.unit === 'ms' ? `${LATENCY_OFF_MS_MAX} ms` : `${BANDWIDTH_OFF_RATIO_MAX * 100} %`}`,
    met: offBy(ours) <= Math.max(graceMax, offBy(toxiproxy)),
  };
}

/** Timers of Node tick in milliseconds. */
const LATENCY_OFF_MS_MAX = 1;
const BANDWIDTH_OFF_RATIO_MAX = 0.01;

function signed(value: number, digits: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(digits)}`;
}

/** The lines as a Markdown table, in columns that line up. */
export function formatTable(lines: readonly Line[]): string {
  const rows = [
    ['measure', 'direct', 'ours', 'Toxiproxy', 'ratio', 'target', 'verdict'],
    ...lines.map(({ measure, direct, ours, toxiproxy, ratio, target, met }) => [
      measure,
      direct,
      ours,
      toxiproxy,
      ratio,
      target,
      met === null ? 'unclear' : met ? 'met' : 'MISSED',
    ]),
  ];
  const widths = (rows[0] ?? []).map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const format = (row: string[]): string =>
    `| ${row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  const [head = [], ...body] = rows;
  return [format(head), rule, ...body.map(format)].join('\n');
}
