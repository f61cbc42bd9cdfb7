/** The results as a table in Markdown: a line for each candidate and ef_search. Pure. */
import type { Measured, Outcome } from './measure.ts';
import { median } from './truth.ts';

export interface Result {
  readonly label: string;
  readonly vectors: number;
  /** One for each run; each is a process of its own. */
  readonly runs: readonly (Outcome | { readonly failed: string })[];
}

const MIB = 1024 * 1024;

const HEADS = ['', 'ef', 'recall@10', 'p50, ms', 'p99, ms', 'CPU, ms', 'build, s', 'memory, MiB'];

export function tableOf(results: readonly Result[]): string {
  const rows = results.flatMap(linesOf);
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  return [line(HEADS), line(['---', ...HEADS.slice(1).map(() => '--:')]), ...rows.map(line)].join('\n');
}

function linesOf({ label, runs }: Result): string[][] {
  const measured = runs.flatMap((run) => ('measured' in run ? [run.measured] : []));
  const [first] = measured;
  if (first === undefined) return [[label, '', whyNot(runs), '', '', '', '', '']];
  return first.settings.map(({ ef }, i) => {
    const passes = measured.flatMap(({ settings }) => settings[i]?.passes ?? []);
    const isFirst = i === 0;
    return [
      isFirst ? label : '',
      ef === null ? '' : String(ef),
      worstRecall(measured, i).toFixed(3),
      bestAndMedian(
        passes.map(({ p50 }) => p50),
        2,
      ),
      bestAndMedian(
        passes.map(({ p99 }) => p99),
        2,
      ),
      Math.min(...passes.map(({ cpu }) => cpu)).toFixed(2),
      isFirst
        ? bestAndMedian(
            measured.map(({ buildMs }) => buildMs / 1000),
            1,
          )
        : '',
      isFirst ? Math.round(median(measured.map(({ memoryBytes }) => memoryBytes)) / MIB).toString() : '',
    ];
  });
}

function worstRecall(measured: readonly Measured[], setting: number): number {
  return Math.min(...measured.map(({ settings }) => settings[setting]?.recall ?? 0));
}

/** The best says what it takes when nothing disturbs, the median what this machine gave. */
function bestAndMedian(numbers: readonly number[], digits: number): string {
  const best = Math.min(...numbers).toFixed(digits);
  return numbers.length === 1 ? best : `${best} (${median(numbers).toFixed(digits)})`;
}

function whyNot(runs: Result['runs']): string {
  const [run] = runs;
  if (run === undefined || 'measured' in run) return 'not run';
  return 'unavailable' in run ? run.unavailable : run.failed;
}
