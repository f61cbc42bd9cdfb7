/** `tripcurve check`: judges recorded histories again, offline. */
import { Command } from 'commander';
import { judge } from '../check/judge.ts';
import { readHistory } from '../history/file.ts';
import { exitCodeOf, overall } from '../model/verdict.ts';
import { scenarioLine } from '../report/terminal.ts';

export function checkCommand(): Command {
  return new Command('check')
    .description('judge a recorded history again, offline')
    .argument('<history...>', 'history.ndjson files')
    .option('--json', 'print the verdicts as JSON')
    .action(async (files: string[], { json }: { json?: boolean }) => {
      const judged = [];
      for (const file of files) {
        const history = await readHistory(file);
        const judgements = judge(history);
        const outcome = overall(judgements.map(({ verdict }) => verdict.outcome));
        const totalMs = (history.events.at(-1)?.t ?? 0) / 1e6;
        judged.push({
          name: history.header.scenario.name,
          file,
          history: file,
          outcome,
          judgements,
          totalMs,
          bootMs: 0,
          starvedRuns: 0,
        });
      }
      if (json === true) console.log(JSON.stringify(judged, null, 2));
      else for (const scenario of judged) console.log(scenarioLine(scenario));
      process.exitCode = exitCodeOf(overall(judged.map(({ outcome }) => outcome)));
    });
}
