/** The commands and their help. To add one: a file beside this one, and a line here. */
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Command } from 'commander';
import { characteriseCommand } from './characterise.ts';
import { checkCommand } from './check.ts';
import { doctorCommand } from './doctor.ts';
import { exploreCommand } from './explore.ts';
import { exportCommand } from './export.ts';
import { healCommand } from './heal.ts';
import { initCommand } from './init.ts';
import { listCommand } from './list.ts';
import { mutantsCommand } from './mutants.ts';
import { proxyCommand } from './proxy.ts';
import { rehearsalCommands } from './rehearse.ts';
import { reportCommand } from './report.ts';
import { runCommand } from './run.ts';
import { saveCommand } from './save.ts';
import { schemaCommand } from './schema.ts';
import { sweepCommand } from './sweep.ts';
import { tryCommand } from './try.ts';
import { upCommand } from './up.ts';
import { validateCommand } from './validate.ts';

const EXIT_CODES = `
Exit codes:
  0  every verdict held
  1  a verdict failed
  2  the rig could not run: a bad argument, or the environment did not start
  3  something was inconclusive: a check had nothing to check
  4  stopped by a person or a guard; every fault was lifted`;

export function buildProgram(): Command {
  const { version, description } = JSON.parse(
    readFileSync(path.join(import.meta.dirname, '../../package.json'), 'utf8'),
  ) as { version: string; description: string };
  const program = new Command('tripcurve')
    .description(description)
    .version(version)
    .exitOverride()
    .showSuggestionAfterError()
    .addHelpText('after', EXIT_CODES);
  const commands = [
    runCommand(),
    initCommand(),
    listCommand(),
    checkCommand(),
    reportCommand(),
    characteriseCommand(),
    sweepCommand(),
    validateCommand(),
    mutantsCommand(),
    exploreCommand(),
    exportCommand(),
    proxyCommand(),
    upCommand(),
    ...rehearsalCommands(),
    saveCommand(),
    healCommand(),
    tryCommand(),
    doctorCommand(),
    schemaCommand(),
  ];
  for (const command of commands) {
    program.addCommand(command.exitOverride());
  }
  return program;
}
