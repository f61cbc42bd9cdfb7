#!/usr/bin/env node
/** `npm run bench -- <bench>`: measures the rig itself; docs/benchmarks.md shows a run. */
import { Command } from 'commander';
import { runCommandLine } from '../harness/cli/exit.ts';
import { wholeNumber } from '../harness/cli/options.ts';
import { benchLinks, type LinksOptions } from './links.ts';

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

await runCommandLine(() => program.parseAsync(process.argv));
