#!/usr/bin/env node
/** `npm run bench -- <bench>`: measures the rig's links, or Mimo; docs/benchmarks.md shows a run. */
import { Command } from 'commander';
import { runCommandLine } from '../harness/cli/exit.ts';
import { wholeNumber } from '../harness/cli/options.ts';
import { UsageError } from '../harness/model/errors.ts';
import { benchLinks, type LinksOptions } from './links.ts';
import { BENCH_NAMES, type BenchName } from './mimo/benches.ts';
import type { MimoOptions } from './mimo/mimo.ts';
import { ROUNDS_MIN as MIMO_ROUNDS_MIN } from './mimo/summary.ts';

const ROUNDS_MIN = 5;
const ROUNDS_MAX = 100;

const program = new Command('bench').exitOverride();
program
  .command('links')
  .description('our links next to a real Toxiproxy: requests/s, latency, bulk, memory, accuracy of toxics')
  .option('--rounds <n>', 'alternating rounds', wholeNumber(ROUNDS_MIN, ROUNDS_MAX), ROUNDS_MIN)
  .option('--long', 'memory over 10 million requests (some minutes) instead of 0.3 million')
  .option('--out <folder>', 'where the table and the numbers go', 'reports/bench')
  .exitOverride()
  .action((options: LinksOptions) => benchLinks(options));

program
  .command('mimo')
  .description(`Mimo: ${BENCH_NAMES.join(', ')}; with --compare, exits 1 where one is slower beyond noise`)
  .option('--rounds <n>', 'rounds in which each has its turn', wholeNumber(MIMO_ROUNDS_MIN, ROUNDS_MAX), 8)
  .option('--round-ms <n>', 'time of each in a round', wholeNumber(1, 60_000), 700)
  .option('--only <bench>', 'only this one; again for more', benchName)
  .option('--compare <file>', 'mimo.json of an earlier run to lay this one beside')
  .option('--out <folder>', 'where text and numbers go', 'reports/bench')
  .exitOverride()
  .action(async (options: MimoOptions) => {
    // Loaded when it is asked for: it brings the whole rig along.
    const { benchMimo } = await import('./mimo/mimo.ts');
    process.exitCode = await benchMimo(options);
  });

function benchName(name: string, earlier: BenchName[] = []): BenchName[] {
  const known = BENCH_NAMES.find((one) => one === name);
  if (known === undefined)
    throw new UsageError(`--only ${name}: no such bench; one of ${BENCH_NAMES.join(', ')}`);
  return [...earlier, known];
}

await runCommandLine(() => program.parseAsync(process.argv));
