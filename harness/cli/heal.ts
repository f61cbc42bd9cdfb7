/** `tripcurve heal`: lifts what is left of any run, looks whether it is gone, and says all of it. */
import { Command } from 'commander';
import { healAttached } from '../environment/heal-attached.ts';
import { healCompose } from '../environment/heal-compose.ts';
import { healEmbedded } from '../environment/heal-embedded.ts';
import { type Healing, newHealing } from '../environment/healing.ts';
import type { Config } from '../model/config.ts';
import { EnvironmentError, messageOf, UsageError } from '../model/errors.ts';
import { EXIT } from '../model/verdict.ts';
import { ControlClient, forgetDeadRehearsal } from '../rehearsal/control.ts';
import { loadConfig } from '../scenario/load.ts';
import { ENV } from './options.ts';

interface Options {
  env?: string;
  run?: string;
  json?: boolean;
}

interface Place {
  cwd: string;
  config: Config | null;
  run: string | null;
  /** The environment was named, so it has to be there. */
  isAsked: boolean;
}

/** How each environment is healed. To add one: a line here. */
const HEALERS: Readonly<Record<string, (place: Place) => Promise<Healing>>> = {
  embedded: ({ run }) => healEmbedded(run),
  compose: ({ cwd, config }) => healCompose(cwd, config),
  attach: ({ cwd, config, run, isAsked }) => healAttached(cwd, config, run, isAsked),
};

/** Those that are healed when none is named: what needs Docker is asked for by name. */
const DEFAULT = ['embedded', 'attach'];

const HELP = `
Without --env: processes and folders of embedded runs whose rig is gone, the faults of a rehearsal in this
folder, and what attached runs have left, by their journals in .tripcurve/attach and by name on the APIs of
the config's section attach. Runs that are going on are left alone, unless --run names an attached one.
With --env compose: resets links and Toxiproxy of the project.

Then it looks: no fault of ours, every proxy up that was up before, the target ready.
Exit code 0: all is well; 2: something could not be lifted or is not well, in a sentence.`;

export function healCommand(): Command {
  const env = ENV();
  env.defaultValue = undefined;
  env.description = 'only what was run there (default: embedded and attach)';
  return new Command('heal')
    .description('lift what is left of any run, and prove that it is gone')
    .addOption(env)
    .option('--run <id>', 'only what this run has left')
    .option('--json', 'print what was found, lifted, verified and left as JSON, and nothing else, on stdout')
    .addHelpText('after', HELP)
    .action(heal);
}

async function heal({ env, run, json = false }: Options): Promise<void> {
  const cwd = process.cwd();
  const all: Record<string, Healing> = {};
  // A config that is broken must not keep anybody from lifting what its runs have left.
  let config: Config | null = null;
  let configError: string | null = null;
  try {
    config = await loadConfig(cwd);
  } catch (error) {
    configError = messageOf(error);
  }
  if (configError !== null && env !== undefined && env !== 'embedded' && env !== 'attach')
    throw new UsageError(configError);
  // First: what it lifts must not be found by those that only look.
  const rehearsal = await healRehearsal(cwd, run);
  if (rehearsal !== null) all.rehearsal = rehearsal;
  for (const name of env === undefined ? DEFAULT : [env]) {
    const healer = HEALERS[name];
    if (healer === undefined) throw new UsageError(`--env ${name}: nothing of a run can be left there`);
    all[name] = await healer({ cwd, config, run: run ?? null, isAsked: env !== undefined });
  }
  const healings = Object.entries(all);
  if (configError !== null)
    healings.push(['config', { ...newHealing(), notes: [`not read: ${configError}`] }]);

  if (json) console.log(JSON.stringify(Object.fromEntries(healings), null, 2));
  else for (const [name, healing] of healings) print(name, healing);
  const left = healings.flatMap(([, healing]) => healing.left);
  if (left.length > 0)
    throw new EnvironmentError(
      `heal: ${left.length === 1 ? 'one thing is' : `${left.length} things are`} not as it should be: ${left.join('; ')}`,
    );
  process.exitCode = EXIT.held;
}

/** The faults of a rehearsal of this folder; null where there is none. */
async function healRehearsal(cwd: string, run: string | undefined): Promise<Healing | null> {
  const healing = newHealing();
  const dead = await forgetDeadRehearsal(cwd);
  if (dead !== null) healing.notes.push(`rehearsal ${dead} is gone; its address was forgotten`);
  const client = await ControlClient.find(cwd).catch(() => null);
  if (client !== null && (run === undefined || client.run === run)) {
    const lifted = await client.restore('all');
    healing.found.push(...lifted);
    healing.lifted.push(...lifted);
    const still = (await client.view()).links.flatMap(({ link, faults }) =>
      faults.map((fault) => `${fault} on ${link} is still there`),
    );
    healing.left.push(...still);
    if (still.length === 0) healing.verified.push(`no fault in rehearsal ${client.run}, which goes on`);
  }
  return Object.values(healing).every((lines: string[]) => lines.length === 0) ? null : healing;
}

function print(name: string, { found, lifted, verified, notes, left }: Healing): void {
  if (found.length === 0) console.log(`${name}: nothing of a run was found`);
  for (const line of found) console.log(`${name}: found     ${line}`);
  for (const line of lifted) console.log(`${name}: lifted    ${line}`);
  for (const line of verified) console.log(`${name}: verified  ${line}`);
  for (const line of notes) console.log(`${name}: note      ${line}`);
  for (const line of left) console.log(`${name}: left      ${line}`);
}
