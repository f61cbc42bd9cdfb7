/** What a person sees in a terminal: a line per scenario with its verdict and the numbers behind it. */
import type { Judgement, Outcome } from '../model/verdict.ts';
import { amplification } from './amplification.ts';
import { type FailedScenario, headline, type ReportedScenario, type RunReport } from './results.ts';

const MARKS: Record<Outcome, string> = { holds: '✓', fails: '✗', inconclusive: '?' };
const COLOURS: Record<Outcome, string> = { holds: '32', fails: '31', inconclusive: '33' };

/** Colour only where a person looks and has not declined it (no-color.org). */
const colourful = process.stdout.isTTY === true && process.env.NO_COLOR === undefined;

function paint(code: string, text: string): string {
  return colourful ? `\u001b[${code}m${text}\u001b[0m` : text;
}

/** One line that says what a scenario proved; where it failed, what failed, a line each. */
export function scenarioLine(scenario: ReportedScenario): string {
  const seconds = `${(scenario.totalMs / 1000).toFixed(1)} s`;
  const head = `${paint(COLOURS[scenario.outcome], MARKS[scenario.outcome])} ${scenario.name.padEnd(28)} ${scenario.outcome.padEnd(12)} ${seconds.padStart(6)}`;
  const again =
    scenario.starvedRuns === 0 ? '' : ` (run ${scenario.starvedRuns + 1}: this machine was too busy before)`;
  const wrong = scenario.judgements.filter(({ verdict }) => verdict.outcome !== 'holds');
  if (wrong.length > 0) return [head + again, ...wrong.map(complaint)].join('\n');
  const { says, more } = headline(scenario);
  return `${head}  ${says.join('; ')}${more > 0 ? ` (+${more} held)` : ''}${again}`;
}

function complaint({ check, part, verdict }: Judgement): string {
  return `    ${paint(COLOURS[verdict.outcome], `${MARKS[verdict.outcome]} ${verdict.outcome}`)} ${check} (${part}): ${verdict.says}`;
}

/** A scenario that could not be run. */
export function failedLine({ name, why }: FailedScenario): string {
  return `${paint('31', '✗')} ${name.padEnd(28)} ${'not run'.padEnd(12)}         ${why}`;
}

/** A scenario that this machine has not what it takes to run. */
export function skippedLine({ name, why }: FailedScenario): string {
  return `${paint('2', '-')} ${name.padEnd(28)} ${'skipped'.padEnd(12)}         ${why}`;
}

/** The last lines of a run. */
export function summary(report: RunReport, reportDir: string): string {
  const { skipped = [] } = report;
  const by = (outcome: Outcome): number =>
    report.scenarios.filter((scenario) => scenario.outcome === outcome).length;
  const parts = [
    `${by('holds')} held`,
    `${by('fails')} failed`,
    `${by('inconclusive')} inconclusive`,
    `${report.failed.length} not run`,
    ...(skipped.length > 0 ? [`${skipped.length} skipped`] : []),
  ];
  const retries = amplification(report.scenarios);
  return `\n${parts.join(', ')} in ${(report.totalMs / 1000).toFixed(1)} s, seed ${report.seed}${report.mutant === null ? '' : `, mutant ${report.mutant}`}${retries === null ? '' : `\n${retries}`}\nreport: ${reportDir}/report.html`;
}
