/** The Jest binding: each scenario file becomes one test. Set as `setupFilesAfterEnv` of the scenarios project. */
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { embedded } from '../environment/embedded.ts';
import { LinkEngine, LoadEngineName } from '../model/scenario.ts';
import { bindScenarios } from './define.ts';
import { checkScenario, loadConfig } from './load.ts';
import { runScenario } from './run.ts';
import { LONG } from './select.ts';
import { turnsFrom } from './shared-turns.ts';
import { lackingByProfile, skippedTitle } from './skipped.ts';

/** Longer than any scenario but the `long` ones, which are run by the command line, and than others that go first. */
const TEST_LIMIT_MS = 600_000;

/** Set by the global set-up for all workers. */
function setting(name: string): string {
  const value = process.env[name];
  if (value === undefined)
    throw new Error(`${name} is not set: scenarios run through npm run scenarios or npx tripcurve run`);
  return value;
}

// Jest wants to be told as a file is read what it is not to run, when there is no time to look.
const lacks = await lackingByProfile(await loadConfig(setting('TRIPCURVE_CWD')), embedded);

bindScenarios((input) => {
  const isLong = input.tags?.includes(LONG) === true;
  const why = isLong ? 'it is long: npx tripcurve run --long' : (lacks.get(input.profile ?? 'fast') ?? null);
  if (why !== null) {
    test.skip(skippedTitle(input.name, why), () => {});
    return;
  }
  test(
    input.name,
    async () => {
      const cwd = setting('TRIPCURVE_CWD');
      const config = await loadConfig(cwd);
      const file = path.relative(cwd, expect.getState().testPath ?? '');
      const scenario = checkScenario(input, config, file);
      const result = await runScenario(
        { file, scenario },
        {
          config,
          cwd,
          environment: embedded,
          run: setting('TRIPCURVE_RUN'),
          runDir: setting('TRIPCURVE_RUN_DIR'),
          seed: Number(setting('TRIPCURVE_SEED')),
          mutant: process.env.TRIPCURVE_MUTANT ?? null,
          links: LinkEngine.parse(process.env.TRIPCURVE_LINKS ?? 'embedded'),
          load: LoadEngineName.parse(process.env.TRIPCURVE_LOAD ?? 'embedded'),
          turns: turnsFrom(Number(setting('TRIPCURVE_TURNS'))),
          signal: new AbortController().signal,
        },
      );
      const wrong = result.judgements.filter(({ verdict }) => verdict.outcome !== 'holds');
      expect(
        wrong.map(({ check, part, verdict }) => `${verdict.outcome}: ${check} (${part}): ${verdict.says}`),
      ).toEqual([]);
    },
    TEST_LIMIT_MS,
  );
});
