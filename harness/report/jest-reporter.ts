/**
 * Jest's last reporter: a line per scenario as it ends, the run's reports, and `N passed, N failed`
 * as the very last line.
 */
import { writeSync } from 'node:fs';
import path from 'node:path';
import type { AggregatedResult, Test, TestResult } from '@jest/reporters';
import { scenarioDir } from '../scenario/run.ts';
import { readSkippedTitle } from '../scenario/skipped.ts';
import type { FailedScenario, ReportedScenario } from './results.ts';
import { readResult, writeReports } from './run-report.ts';
import { failedLine, scenarioLine, skippedLine, summary } from './terminal.ts';

const SCENARIOS = 'scenarios';

export default class ScenarioReporter {
  readonly #scenarios: ReportedScenario[] = [];
  readonly #failed: FailedScenario[] = [];
  readonly #skipped: FailedScenario[] = [];
  readonly #startedAt = new Date();

  async onTestResult(test: Test, result: TestResult): Promise<void> {
    if (test.context.config.displayName?.name !== SCENARIOS) return;
    const { TRIPCURVE_RUN_DIR: runDir = '', TRIPCURVE_CWD: cwd = '' } = process.env;
    const file = path.relative(cwd, result.testFilePath);
    if (result.testExecError !== undefined)
      this.#fail({ name: file, file, why: result.testExecError.message });
    for (const { title, status, failureMessages } of result.testResults) {
      if (status === 'pending') {
        this.#skip(title, file);
        continue;
      }
      const scenario = await readResult(runDir, scenarioDir(title));
      if (scenario === null)
        this.#fail({ name: title, file, why: failureMessages.join(' ').split('\n')[0] ?? 'no reason given' });
      else {
        this.#scenarios.push(scenario);
        console.log(scenarioLine(scenario));
      }
    }
  }

  async onRunComplete(_contexts: unknown, results: AggregatedResult): Promise<void> {
    const {
      TRIPCURVE_RUN_DIR: runDir = '',
      TRIPCURVE_CWD: cwd = '',
      TRIPCURVE_RUN: run = '',
      TRIPCURVE_SEED: seed,
      TRIPCURVE_MUTANT: mutant,
    } = process.env;
    if (this.#scenarios.length + this.#failed.length > 0) {
      const report = {
        run,
        seed: Number(seed),
        mutant: mutant ?? null,
        startedAt: this.#startedAt.toISOString(),
        totalMs: Date.now() - this.#startedAt.getTime(),
        scenarios: this.#scenarios.toSorted((a, b) => a.name.localeCompare(b.name)),
        failed: this.#failed,
        skipped: this.#skipped,
      };
      await writeReports(runDir, report);
      console.log(summary(report, path.relative(cwd, runDir)));
    }
    // A file that could not even be loaded has no test to count, but it has failed.
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    const skipped = results.numPendingTests > 0 ? `, ${results.numPendingTests} skipped` : '';
    // At exit, because Jest's own summary and coverage come after every reporter that is configured.
    process.once('exit', () =>
      writeSync(process.stdout.fd, `${results.numPassedTests} passed, ${failed} failed${skipped}\n`),
    );
  }

  /** A pending test may also be one that was not asked for by name. */
  #skip(title: string, file: string): void {
    const about = readSkippedTitle(title);
    if (about === null) return;
    this.#skipped.push({ ...about, file });
    console.log(skippedLine({ ...about, file }));
  }

  #fail(failed: FailedScenario): void {
    this.#failed.push(failed);
    console.log(failedLine(failed));
  }
}
