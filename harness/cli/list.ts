/** `tripcurve list`: the scenarios there are. */
import { Command } from 'commander';
import { phasesOf } from '../model/scenario.ts';
import { loadConfig, loadScenarios } from '../scenario/load.ts';
import { type Selection, selectScenarios } from '../scenario/select.ts';
import { SHARD, TAG } from './options.ts';

interface Options extends Pick<Selection, 'shard'> {
  json?: boolean;
  tag?: string[];
}

export function listCommand(): Command {
  return new Command('list')
    .description('list the scenarios: links, faults, length and tags')
    .argument('[paths...]', 'files or folders (default: scenarios/)')
    .option(...TAG)
    .option(...SHARD)
    .option('--json', 'print the scenarios as JSON')
    .action(async (paths: string[], { json, tag: tags, shard }: Options) => {
      const cwd = process.cwd();
      const loaded = selectScenarios(await loadScenarios(cwd, paths, await loadConfig(cwd)), { tags, shard });
      if (json === true) {
        console.log(JSON.stringify(loaded, null, 2));
        return;
      }
      const rows = loaded.map(({ scenario }) => {
        const faults = scenario.timeline.flatMap((step) => {
          if ('inject' in step) return [{ on: step.on, type: step.inject.type }];
          if ('disturb' in step) return [{ on: step.on, type: `disturb_${step.disturb}` }];
          return 'process' in step ? [{ on: step.on, type: `process_${step.process}` }] : [];
        });
        const operations = scenario.timeline.flatMap((step) => ('operate' in step ? [step.operate] : []));
        return [
          scenario.name,
          unique(faults.map(({ on }) => on)),
          unique([...faults.map(({ type }) => type), ...operations]),
          `${(phasesOf(scenario).endAtMs / 1000).toFixed(1)} s`,
          scenario.tags.join(' '),
        ];
      });
      console.log(table(['scenario', 'links', 'faults and operations', 'length', 'tags'], rows));
    });
}

function unique(words: readonly string[]): string {
  return [...new Set(words)].join(' ');
}

/** Left-aligned columns, two spaces apart. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (row: readonly string[]): string =>
    row
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return [line(head), ...rows.map(line)].join('\n');
}
