#!/usr/bin/env node
/** `npm run profile`: the target under the scenarios' load and both profilers, with each dependency up and down. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { runCommandLine } from '../../harness/cli/exit.ts';
import { wholeNumber } from '../../harness/cli/options.ts';
import { UsageError } from '../../harness/model/errors.ts';
import { known, loadConfig } from '../../harness/scenario/load.ts';
import { newRunId } from '../../harness/scenario/run-id.ts';
import { aligned } from '../explain/table.ts';
import { machineFacts } from '../machine.ts';
import { recordSection } from './measure.ts';
import { bytes, renderProfile, totalsOf } from './page.ts';
import type { Section } from './sections.ts';

const UP = 'up';
const WARM_UP_SHARE = 0.4;

interface Options {
  seconds: number;
  state?: string[];
  seed: number;
  out: string;
}

const program = new Command('profile')
  .description(
    'profile CPU and allocations of the target under the load of the scenarios, with each dependency up and down',
  )
  .option('--seconds <n>', 'time recorded in each state', wholeNumber(1, 3_600), 10)
  .option('--state <name>', `only this one: ${UP}, or the link that is down; again for more`, collect)
  .option('--seed <n>', 'repeat the load of an earlier run', wholeNumber(0, 2 ** 31 - 1), 1)
  .option('--out <folder>', 'where the report goes', 'reports/profile')
  .exitOverride()
  .action(profile);

async function profile({ seconds, state, seed, out }: Options): Promise<void> {
  const cwd = process.cwd();
  const config = await loadConfig(cwd);
  const states = [UP, ...Object.keys(config.links)];
  for (const name of state ?? []) known(name, states, '--state', 'state');
  if (process.platform === 'win32')
    throw new UsageError('the profilers are told by signals, which Windows does not have');
  const startedAt = new Date().toISOString();
  const { cpus, cpu, node, system, commit } = await machineFacts();
  const folder = path.resolve(out, startedAt.slice(0, 19).replaceAll(':', '-'));
  const lengthMs = seconds * 1_000;
  const sections: Section[] = [];
  for (const name of state ?? states) {
    console.error(`profile: ${name === UP ? 'all up' : `${name} down`}`);
    sections.push(
      await recordSection({
        config,
        down: name === UP ? null : name,
        lengthMs,
        warmUpMs: lengthMs * WARM_UP_SHARE,
        run: newRunId(),
        seed,
        dir: path.join(folder, name),
      }),
    );
  }
  const machine = `${cpus} CPUs (${cpu}), ${system}, Node ${node}, commit ${commit ?? 'unknown'}`;
  const target = config.target.name;
  const totals = sections.map(totalsOf);
  await mkdir(folder, { recursive: true });
  await writeFile(
    path.join(folder, 'index.html'),
    renderProfile({ startedAt, target, machine, lengthMs, sections }),
  );
  await writeFile(
    path.join(folder, 'profile.json'),
    `${JSON.stringify({ startedAt, machine, lengthMs, totals }, null, 2)}\n`,
  );
  console.log(
    aligned([
      ['state', 'requests', 'CPU ms a request', 'allocated a request', 'alive after GC, growth', 'a request'],
      ...totals.map((one) => [
        one.name,
        String(one.requests),
        one.cpuMsPerRequest.toFixed(2),
        bytes(one.allocatedBytesPerRequest),
        bytes(one.heapGrowthBytes),
        bytes(one.heapGrowthBytesPerRequest),
      ]),
    ]),
  );
  console.log(`report: ${path.relative(cwd, path.join(folder, 'index.html'))}`);
}

function collect(name: string, earlier: string[] = []): string[] {
  return [...earlier, name];
}

await runCommandLine(() => program.parseAsync(process.argv));
