/**
 * Makes one report of the shards of a run: what it says is what the run would have said unsharded, but for
 * times. What cannot be parts of one run is refused; a shard that left no report is told, never left out.
 */
import { UsageError } from '../model/errors.ts';
import { EXIT, type ExitCode, exitCodeOf, overall } from '../model/verdict.ts';
import type { FailedScenario, RunReport } from './results.ts';

/** A shard's report, and the folder it was read from. */
export interface Part {
  folder: string;
  report: RunReport;
  /** Against what it ran, as far as its histories tell: an empty shard has none. */
  against: { target: string; environment: string; links: string; load: string } | null;
}

/** @param run the name of the merged run @throws UsageError that names the two folders that do not fit together. */
export function mergeReports(run: string, parts: readonly Part[]): RunReport {
  const [first, ...others] = parts;
  if (first === undefined) throw new UsageError('no run folder to merge');
  for (const other of others) refuseStrangers(first, other);
  refuseOtherTargets(parts);
  refuseTwins(parts);
  const reports = parts.map(({ report }) => report);
  const starts = reports.map(({ startedAt }) => Date.parse(startedAt));
  const startMs = Math.min(...starts);
  const endMs = Math.max(...reports.map(({ totalMs }, i) => (starts[i] ?? 0) + totalMs));
  const failed = [...reports.flatMap((report) => report.failed), ...missingShards(parts)];
  return {
    run,
    seed: first.report.seed,
    mutant: first.report.mutant,
    startedAt: new Date(startMs).toISOString(),
    totalMs: endMs - startMs,
    scenarios: reports.flatMap((report) => report.scenarios).toSorted((a, b) => a.name.localeCompare(b.name)),
    failed: failed.toSorted((a, b) => a.name.localeCompare(b.name)),
    skipped: reports.flatMap(({ skipped = [] }) => skipped).toSorted((a, b) => a.name.localeCompare(b.name)),
  };
}

/** The exit code that the whole run would have had. */
export function exitCodeOfReport({ scenarios, failed }: RunReport): ExitCode {
  if (failed.length > 0) return EXIT.rig;
  return exitCodeOf(overall(scenarios.map(({ outcome }) => outcome)));
}

function refuseStrangers(one: Part, other: Part): void {
  const differ = (what: string, a: unknown, b: unknown, advice: string): void => {
    if (a !== b)
      throw new UsageError(
        `${other.folder} has ${what} ${String(b)}, but ${one.folder} has ${String(a)}; ${advice}`,
      );
  };
  differ('seed', one.report.seed, other.report.seed, 'give every shard the same --seed');
  differ(
    'mutant',
    one.report.mutant ?? 'none',
    other.report.mutant ?? 'none',
    'they are parts of different runs',
  );
  differ(
    'shards in all:',
    one.report.shard?.total ?? 1,
    other.report.shard?.total ?? 1,
    'they are parts of different runs',
  );
}

function refuseOtherTargets(parts: readonly Part[]): void {
  let known: (Part & { against: NonNullable<Part['against']> }) | undefined;
  for (const part of parts) {
    const { against } = part;
    if (against === null) continue;
    known ??= { ...part, against };
    for (const what of ['target', 'environment', 'links', 'load'] as const) {
      if (against[what] !== known.against[what])
        throw new UsageError(
          `${part.folder} has ${what} ${against[what]}, but ${known.folder} has ${known.against[what]}; they are parts of different runs`,
        );
    }
  }
}

function refuseTwins(parts: readonly Part[]): void {
  const seen = new Map<string, string>();
  for (const { folder, report } of parts) {
    const names = [...report.scenarios, ...report.failed, ...(report.skipped ?? [])].map(
      ({ name }) => `scenario ${name}`,
    );
    for (const what of [...names, ...shardName(report)]) {
      const twin = seen.get(what);
      if (twin !== undefined)
        throw new UsageError(`${what} is in ${twin} and again in ${folder}; give each shard of one run once`);
      seen.set(what, folder);
    }
  }
}

function shardName({ shard }: RunReport): string[] {
  return shard === undefined ? [] : [`shard ${shard.index}/${shard.total}`];
}

function missingShards(parts: readonly Part[]): FailedScenario[] {
  const there = new Set(parts.map(({ report }) => report.shard?.index ?? 1));
  const total = parts[0]?.report.shard?.total ?? 1;
  return Array.from({ length: total }, (_, i) => i + 1)
    .filter((index) => !there.has(index))
    .map((index) => ({
      name: `shard ${index}/${total}`,
      file: '',
      why: 'left no report: its scenarios are not among these',
    }));
}
