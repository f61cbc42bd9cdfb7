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

/** A verdict, and what it says where it does not hold. */
interface Told {
  outcome: string;
  says: string;
}

/** What became of a scenario somewhere: verdicts by check and where their evidence is, or why there is none. */
type Seen = { verdicts: Record<string, Told>; folder: string } | { cannot: string } | { starved: true };

function seen({ outcome, judgements }: Result, folder: string): Seen {
  const of = (check: string): string | undefined =>
    judgements.find((judgement) => judgement.check === check && judgement.verdict.outcome === 'inconclusive')
      ?.verdict.says;
  const cannot = of('can-be-injected');
  if (cannot !== undefined) return { cannot };
  if (of('machine-kept-up') !== undefined) return { starved: true };
  const verdicts = judgements.map(({ part, check, link = '', verdict }, i) => [
    `${i} ${part}: ${check} ${link}`,
    { outcome: verdict.outcome, says: verdict.says },
  ]);
  return { verdicts: { scenario: { outcome, says: '' }, ...Object.fromEntries(verdicts) }, folder };
}

/** One sentence for each check that two environments judge differently. */
function differences(reference: Record<string, Told>, other: Record<string, Told>, where: string): string[] {
  return [...new Set([...Object.keys(reference), ...Object.keys(other)])].flatMap((check) => {
    const [embedded, here] = [reference[check], other[check]];
    if (embedded?.outcome === here?.outcome) return [];
    return [`${where}: ${check}: embedded ${embedded?.outcome}, here ${here?.outcome}: ${here?.says}`];
  });
}

async function runIn(
  environment: EnvironmentName,
  names: readonly string[],
  folders: string[],
): Promise<Map<string, Seen>> {
  const found = new Map<string, Seen>();
  let left: string[] | null = ALL ? null : [...names];
  for (let round = 0; round < ROUNDS_MAX && left?.length !== 0; round++) {
    const out = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-parity-'));
    const files = left?.map((name) => `scenarios/${name}.scenario.ts`) ?? ['--tag', 'quick'];
    const report = await reportOf<RunReport>(REPOSITORY, ...files, '--env', environment, '--out', out);
    folders.push(out);
    expect(report.failed).toEqual([]);
    for (const result of report.scenarios) found.set(result.name, seen(result, out));
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
      const folders: string[] = [];
      const results = {} as Record<EnvironmentName, Map<string, Seen>>;
      results.embedded = await runIn('embedded', SOME, folders);
      results.testcontainers = await runIn('testcontainers', SOME, folders);
      {
        await using _project = await projectUp(`tripcurve-parity-${process.pid}`);
        results.compose = await runIn('compose', SOME, folders);
      }
      const notes: string[] = [];
      const different: string[] = [];
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
          if (!('verdicts' in reference) || other === undefined || !('verdicts' in other)) continue;
          comparedCount++;
          const where = `${name} in ${environment} (${other.folder})`;
          different.push(...differences(reference.verdicts, other.verdicts, where));
        }
      }
      console.info([`compared ${comparedCount} pairs`, ...notes].join('\n'));
      // Where they differ the histories stay, for whoever wants to know why.
      expect(different).toEqual([]);
      for (const folder of folders) await rm(folder, { recursive: true, force: true });
      // A comparison of nothing proves nothing.
      expect(comparedCount).toBeGreaterThanOrEqual(results.embedded.size);
    },
    LIMIT_MS,
  );
});
