/**
 * One scenario, three environments: the same verdicts, checker by checker. A few scenarios of different kinds
 * by default; TRIPCURVE_PARITY=all takes every quick one, for some ten minutes.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { RunReport } from '../../harness/report/results.ts';
import { buildImage, dockerHere, projectUp, reportOf, setVariables } from '../support/docker.ts';
import { REPOSITORY } from '../support/workshop.ts';

/** A toxic, a fault above TCP, a process, and one that Toxiproxy cannot inject. */
const SOME = ['database/reset', 'llm/rate-limited', 'ollama/killed', 'llm/black-hole'];
const ALL = process.env.TRIPCURVE_PARITY === 'all';
const LIMIT_MS = ALL ? 1_800_000 : 600_000;
/** On a machine that was too busy to judge by, a scenario is run again this often; see docs/checks.md. */
const ROUNDS_MAX = 3;

const ENVIRONMENTS = ['embedded', 'compose', 'testcontainers'] as const;
type EnvironmentName = (typeof ENVIRONMENTS)[number];

type Result = RunReport['scenarios'][number];

/** What became of a scenario somewhere: verdict by check, or why there is none. */
type Seen = { verdicts: Record<string, string> } | { cannot: string } | { starved: true };

function seen({ outcome, judgements }: Result): Seen {
  const of = (check: string): string | undefined =>
    judgements.find((judgement) => judgement.check === check && judgement.verdict.outcome === 'inconclusive')
      ?.verdict.says;
  const cannot = of('can-be-injected');
  if (cannot !== undefined) return { cannot };
  if (of('machine-kept-up') !== undefined) return { starved: true };
  const verdicts = judgements.map(({ part, check, link = '' }, i) => [
    `${i} ${part}: ${check} ${link}`,
    judgements[i]?.verdict.outcome ?? '',
  ]);
  return { verdicts: { outcome, ...Object.fromEntries(verdicts) } };
}

async function runIn(environment: EnvironmentName, names: readonly string[]): Promise<Map<string, Seen>> {
  const found = new Map<string, Seen>();
  let left: string[] | null = ALL ? null : [...names];
  for (let round = 0; round < ROUNDS_MAX && left?.length !== 0; round++) {
    const out = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-parity-'));
    const files = left?.map((name) => `scenarios/${name}.scenario.ts`) ?? ['--tag', 'quick'];
    const report = await reportOf<RunReport>(REPOSITORY, ...files, '--env', environment, '--out', out);
    await rm(out, { recursive: true, force: true });
    expect(report.failed).toEqual([]);
    for (const result of report.scenarios) found.set(result.name, seen(result));
    for (const { name, why } of report.skipped ?? []) found.set(name, { cannot: why });
    left = [...found].flatMap(([name, what]) => ('starved' in what ? [name] : []));
  }
  return found;
}

const found = await dockerHere();
const title = typeof found === 'string' ? ` (skipped: ${found})` : '';
const here = typeof found === 'string' ? describe.skip : describe;

here(`embedded, compose and testcontainers${title}`, () => {
  test(
    `give the same verdicts for ${ALL ? 'every quick scenario' : SOME.join(', ')}`,
    async () => {
      if (typeof found === 'string') return;
      setVariables(found.variables);
      await buildImage();
      const results = {} as Record<EnvironmentName, Map<string, Seen>>;
      results.embedded = await runIn('embedded', SOME);
      results.testcontainers = await runIn('testcontainers', SOME);
      {
        await using _project = await projectUp(`tripcurve-parity-${process.pid}`);
        results.compose = await runIn('compose', SOME);
      }
      const notes: string[] = [];
      let comparedCount = 0;
      for (const [name, reference] of results.embedded) {
        for (const environment of ['compose', 'testcontainers'] as const) {
          const other = results[environment].get(name);
          const pair = [reference, other ?? { cannot: 'it was not run' }];
          const why = pair.flatMap((each) =>
            'cannot' in each ? [each.cannot] : 'starved' in each ? ['too busy'] : [],
          );
          if (why.length > 0) {
            notes.push(`${name} in ${environment}: not compared: ${why.join('; ')}`);
            continue;
          }
          comparedCount++;
          expect({ name, environment, ...other }).toEqual({ name, environment, ...reference });
        }
      }
      console.info([`compared ${comparedCount} pairs`, ...notes].join('\n'));
      // A comparison of nothing proves nothing.
      expect(comparedCount).toBeGreaterThanOrEqual(results.embedded.size);
    },
    LIMIT_MS,
  );
});
