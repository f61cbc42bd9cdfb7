/**
 * The run as Markdown, for the page of a CI job: what went wrong first, with sentences and numbers, then a
 * row for every scenario. Bounded, because GitHub drops a job's summary whole when it is above its limit.
 */
import type { Judgement, Outcome, Quantity } from '../model/verdict.ts';
import { amplification } from './amplification.ts';
import { type FailedScenario, headline, type ReportedScenario, type RunReport } from './results.ts';

/** GitHub takes 1 MiB (1,048,576 bytes) a step; the rest is left to whatever else the step says. */
export const MARKDOWN_BYTES_MAX = 1_000_000;

/** A sentence is never this long unless it quotes a process's output. */
const SENTENCE_CHARACTERS_MAX = 600;

const MARKS: Record<Outcome, string> = { holds: '✅', fails: '❌', inconclusive: '❔' };

/** Worst first. */
const WRONG = ['fails', 'inconclusive'] as const;

export function renderMarkdown(report: RunReport, bytesMax: number = MARKDOWN_BYTES_MAX): string {
  const wrong = WRONG.flatMap((outcome) =>
    report.scenarios.filter((scenario) => scenario.outcome === outcome).map(complaints),
  );
  const lines = [
    `## ${title(report)}`,
    '',
    about(report),
    ...retries(report),
    ...[...report.failed.map(notRun), ...wrong].flatMap((part) => ['', ...part]),
    '',
    '| | scenario | length | says |',
    '|---|---|---:|---|',
    ...report.failed.map(({ name, why }) => `| 🚫 | ${plain(name)} | | not run: ${plain(why)} |`),
    ...report.scenarios.map(row),
    ...(report.skipped ?? []).map(({ name, why }) => `| ➖ | ${plain(name)} | | skipped: ${plain(why)} |`),
  ];
  return bounded(lines, bytesMax);
}

function title({ scenarios, failed, skipped = [] }: RunReport): string {
  const by = (outcome: Outcome): number => scenarios.filter((one) => one.outcome === outcome).length;
  const parts = [
    [by('fails'), 'failed'],
    [failed.length, 'not run'],
    [by('inconclusive'), 'inconclusive'],
    [by('holds'), 'held'],
    [skipped.length, 'skipped'],
  ] as const;
  const counts = parts.filter(([count, what]) => count > 0 || what === 'held');
  const nothingRun = scenarios.length === 0 && skipped.length > 0;
  const good = by('holds') === scenarios.length && failed.length === 0 && !nothingRun;
  return `${good ? MARKS.holds : MARKS.fails} tripcurve: ${counts.map(([count, what]) => `${count} ${what}`).join(', ')}`;
}

function about({ run, seed, mutant, shard, startedAt, totalMs }: RunReport): string {
  const parts = [`run ${run}`, `seed ${seed}`, startedAt, seconds(totalMs)];
  if (mutant !== null) parts.push(`mutant ${mutant}`);
  if (shard !== undefined) parts.push(`shard ${shard.index} of ${shard.total}`);
  return plain(parts.join(' · '));
}

function retries({ scenarios }: RunReport): string[] {
  const says = amplification(scenarios);
  return says === null ? [] : ['', plain(says)];
}

function notRun({ name, why }: FailedScenario): string[] {
  return [`**🚫 ${plain(name)}** not run`, '', `- ${plain(why)}`];
}

function complaints({ name, outcome, judgements }: ReportedScenario): string[] {
  const wrong = judgements.filter(({ verdict }) => verdict.outcome !== 'holds');
  return [`**${MARKS[outcome]} ${plain(name)}** ${outcome}`, '', ...wrong.map(complaint)];
}

function complaint({ check, part, link, verdict }: Judgement): string {
  const where = [part, link].filter((word) => word !== undefined).join(', ');
  const numbers = Object.entries(verdict.numbers).map(quantity).join(' · ');
  return `- ${MARKS[verdict.outcome]} **${plain(check)}** (${plain(where)}): ${plain(verdict.says)}${numbers === '' ? '' : `<br>${plain(numbers)}`}`;
}

function quantity([name, { value, unit }]: [string, Quantity]): string {
  return `${name} ${value} ${unit}`;
}

function row(scenario: ReportedScenario): string {
  const { says, more } = headline(scenario);
  const rest = more > 0 ? ` (+${more} held)` : '';
  return `| ${MARKS[scenario.outcome]} | ${plain(scenario.name)} | ${seconds(scenario.totalMs)} | ${plain(says.join('; '))}${rest} |`;
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(1)} s`;
}

/** Text on one line in which nothing is markup: a target's words must not make a table, a link or an image. */
function plain(text: string): string {
  const characters = [...text.replaceAll(/\s+/g, ' ')];
  const short =
    characters.length <= SENTENCE_CHARACTERS_MAX
      ? characters.join('')
      : `${characters.slice(0, SENTENCE_CHARACTERS_MAX).join('')} …`;
  return short.replaceAll(/[\\`*_{}[\]<>|~#$&!]/g, '\\$&');
}

/** As many whole lines as fit, and a last one that says how many are missing. */
function bounded(lines: readonly string[], bytesMax: number): string {
  const whole = `${lines.join('\n')}\n`;
  if (Buffer.byteLength(whole) <= bytesMax) return whole;
  const ending = (left: number): string => `\n_${left} lines more: see report.html_\n`;
  let bytes = Buffer.byteLength(ending(lines.length));
  const kept: string[] = [];
  for (const line of lines) {
    bytes += Buffer.byteLength(line) + 1;
    if (bytes > bytesMax) break;
    kept.push(line);
  }
  return `${kept.join('\n')}\n${ending(lines.length - kept.length)}`;
}
