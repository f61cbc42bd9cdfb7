/** Scenarios that a machine has not what it takes to run. They are told, and neither held nor failed. */
import type { Environment } from '../environment/environment.ts';
import { type Config, withProfile } from '../model/config.ts';
import type { LoadedScenario } from './load.ts';

/** A scenario that is not run, because this machine lacks what its profile needs. */
export interface Skipped {
  scenario: LoadedScenario;
  why: string;
}

/** What an environment lacks for each profile of a config; null: nothing. */
export async function lackingByProfile(
  config: Config,
  environment: Environment,
): Promise<ReadonlyMap<string, string | null>> {
  const lacks = new Map<string, string | null>();
  for (const profile of Object.keys(config.profiles))
    lacks.set(profile, (await environment.lacks?.(withProfile(config, profile))) ?? null);
  return lacks;
}

/** Parts the scenarios that can be run in an environment from those that cannot. */
export async function partLacking(
  scenarios: readonly LoadedScenario[],
  environment: Environment,
  config: Config,
): Promise<{ runnable: LoadedScenario[]; skipped: Skipped[] }> {
  const lacks = await lackingByProfile(config, environment);
  const why = ({ scenario }: LoadedScenario): string | null => lacks.get(scenario.profile) ?? null;
  return {
    runnable: scenarios.filter((scenario) => why(scenario) === null),
    skipped: scenarios.flatMap((scenario) => {
      const reason = why(scenario);
      return reason === null ? [] : [{ scenario, why: reason }];
    }),
  };
}

const TITLE = /^(.*) \(skipped: (.*)\)$/;

/** Title of a test that stands for a skipped scenario. */
export function skippedTitle(name: string, why: string): string {
  return `${name} (skipped: ${why})`;
}

/** What {@link skippedTitle} was made of; null for the title of another test. */
export function readSkippedTitle(title: string): { name: string; why: string } | null {
  const [, name, why] = TITLE.exec(title) ?? [];
  return name === undefined || why === undefined ? null : { name, why };
}
