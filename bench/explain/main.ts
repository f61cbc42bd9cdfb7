#!/usr/bin/env node
/**
 * `npm run db:explain`: whether every statement of Mimo's stores has the plan it should have, on a real PostgreSQL.
 * It stands in bench/ since it needs both the service's statements and the rig's PostgreSQL and plots.
 */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { runCommandLine } from '../../harness/cli/exit.ts';
import { wholeNumber } from '../../harness/cli/options.ts';
import { UsageError } from '../../harness/model/errors.ts';
import { VECTOR_STATEMENTS } from '../../services/mimo/memory/statements.ts';
import { type Scratch, scratchDatabase } from './database.ts';
import { explain } from './explain.ts';
import { loadGraph } from './graph.ts';
import { measureGrowth, SIZES } from './growth.ts';
import { growthTable, renderGrowth } from './growth-plot.ts';
import { type Judged, judge } from './plan.ts';
import { samples } from './samples.ts';
import { explainTable } from './table.ts';

const EXIT_BAD = 1;
const TRIPLES_MAX = 10_000_000;

interface Options {
  triples: number;
  limit: number;
  without: string[];
  json?: boolean;
  growth?: boolean;
  max: number;
  out: string;
}

const program = new Command('db:explain')
  .description(
    'explain every statement of the stores on a real PostgreSQL; fails where an index is not used or a limit is passed. ' +
      'With DATABASE_URL it works in a database of its own on that server',
  )
  .option('--triples <n>', 'size of the graph', wholeNumber(1_000, TRIPLES_MAX), 100_000)
  .option('--limit <ms>', 'longest time of one statement', Number, 100)
  .option('--without <index>', 'drop an index first, to see what it is for (repeatable)', collect, [])
  .option('--json', 'numbers instead of the table')
  .option('--growth', 'measure 1k, 10k, 100k and 1M triples with and without the five indexes, and plot them')
  .option('--max <n>', 'with --growth: leave out larger sizes', wholeNumber(1_000, TRIPLES_MAX), SIZES.at(-1))
  .option('--out <folder>', 'with --growth: where picture and numbers go', 'reports/explain')
  .exitOverride()
  .action(async (options: Options) => {
    if (!(options.limit > 0)) throw new UsageError(`--limit must be a time above 0 ms, got ${options.limit}`);
    await using scratch = await scratchDatabase(process.env.DATABASE_URL || undefined);
    await (options.growth === true ? growth(scratch, options) : explainAll(scratch, options));
  });

async function explainAll({ client, version }: Scratch, options: Options): Promise<void> {
  await loadGraph(client, options.triples);
  for (const index of options.without) await dropIndex(client, index);
  const judged: Judged[] = [];
  for (const [statement, values] of await samples(client))
    judged.push(judge(await explain(client, statement, values), options.limit));
  const bad = judged.filter(({ fault }) => fault !== null);
  if (options.json === true)
    console.log(
      JSON.stringify(judged.map(({ statement, ...rest }) => ({ statement: statement.name, ...rest }))),
    );
  else {
    console.log(explainTable(judged));
    // Their plans are those of an extension, and say nothing where it is missing.
    console.log(`not explained: ${Object.keys(VECTOR_STATEMENTS).join(', ')} (of pgvector)`);
    console.log(
      `PostgreSQL ${version}, ${options.triples} triples: ${judged.length - bad.length} of ${judged.length} statements are good`,
    );
  }
  if (bad.length > 0) process.exitCode = EXIT_BAD;
}

async function dropIndex(client: Scratch['client'], index: string): Promise<void> {
  const { rowCount } = await client.query('SELECT FROM pg_indexes WHERE indexname = $1', [index]);
  if (rowCount === 0) throw new UsageError(`--without: there is no index "${index}"`);
  await client.query(`DROP INDEX ${client.escapeIdentifier(index)}`);
}

async function growth({ client, version }: Scratch, { max, out }: Options): Promise<void> {
  const began = performance.now();
  const sizes = SIZES.filter((size) => size <= max);
  const points = await measureGrowth(client, sizes, (triples) => {
    const afterS = Math.round((performance.now() - began) / 1_000);
    console.error(`${triples} triples measured after ${afterS} s`);
  });
  const about = `PostgreSQL ${version}, one connection, middle of three runs`;
  await mkdir(out, { recursive: true });
  await writeFile(path.join(out, 'semantic-growth.svg'), renderGrowth(points, about));
  await writeFile(path.join(out, 'semantic-growth.json'), JSON.stringify({ version, points }, null, 2));
  await writeFile(path.join(out, 'semantic-growth.md'), `${growthTable(points, 'markdown')}\n`);
  console.log(growthTable(points, 'text'));
  console.log(`${about}; picture and numbers in ${out}/semantic-growth.*`);
}

function collect(value: string, before: string[]): string[] {
  return [...before, value];
}

await runCommandLine(() => program.parseAsync(process.argv));
