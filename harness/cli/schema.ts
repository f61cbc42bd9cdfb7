/** `tripcurve schema`: writes the JSON Schemas of everything that is data, made from the types themselves. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { z } from 'zod';
import { Config } from '../model/config.ts';
import { HistoryEvent, HistoryHeader } from '../model/history.ts';
import { MeasuredPolicy } from '../model/measured.ts';
import { Policy, ResilienceDocument } from '../model/policy.ts';
import { Scenario } from '../model/scenario.ts';
import { SweepResult } from '../model/sweep.ts';
import { Judgement } from '../model/verdict.ts';
import { WireRecord } from '../model/wire.ts';

const SCHEMAS = {
  scenario: Scenario,
  config: Config,
  'history-header': HistoryHeader,
  'history-event': HistoryEvent,
  policy: Policy,
  'measured-policy': MeasuredPolicy,
  wire: WireRecord,
  resilience: ResilienceDocument,
  judgement: Judgement,
  sweep: SweepResult,
};

/** Every schema by file name. */
export function schemaFiles(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(SCHEMAS).map(([name, schema]) => [
      `${name}.schema.json`,
      `${JSON.stringify(z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }), null, 2)}\n`,
    ]),
  );
}

export function schemaCommand(): Command {
  return new Command('schema')
    .description('write the JSON Schemas of scenario, config, history, policy, verdict and sweep')
    .argument('[folder]', 'where to', 'docs/schema')
    .action(async (folder: string) => {
      await mkdir(folder, { recursive: true });
      for (const [name, text] of Object.entries(schemaFiles()))
        await writeFile(path.join(folder, name), text);
      console.log(`${Object.keys(SCHEMAS).length} schemas in ${folder}`);
    });
}
