/** `tripcurve try`: brings the target up behind its links, sends one request of each kind, and says what was seen. */
import path from 'node:path';
import { Command } from 'commander';
import type { Config } from '../model/config.ts';
import { EXIT, type ExitCode } from '../model/verdict.ts';
import { known, loadConfig } from '../scenario/load.ts';
import { newRunId, newSeed } from '../scenario/run-id.ts';
import { tryTarget } from '../scenario/try.ts';
import { agreed } from './agreed.ts';
import { ENV, environmentOf, SEED, YES } from './options.ts';

interface Options {
  env: string;
  profile: string;
  seed?: number;
  yes?: boolean;
}

const MARKS = { yes: '✓', no: '✗', note: '-' } as const;

export function tryCommand(): Command {
  return new Command('try')
    .description('bring the target up behind its links, send one request of each kind, say what was seen')
    .addOption(ENV())
    .option(...YES)
    .option('--profile <name>', 'profile of the target', 'fast')
    .option(...SEED)
    .action(async ({ env, profile, seed = newSeed(), yes = false }: Options) => {
      const cwd = process.cwd();
      const config = await loadConfig(cwd);
      known(profile, Object.keys(config.profiles), '--profile', 'profile');
      await environmentOf(env).check?.(config);
      await agreed(environmentOf(env), config, yes);
      process.exitCode = await tryAndTell(config, { cwd, env, profile, seed });
    });
}

/** 3 where a scenario would have nothing to judge. @throws what bringing it up throws */
export async function tryAndTell(
  config: Config,
  { cwd, env, profile, seed }: { cwd: string; env: string; profile: string; seed: number },
): Promise<ExitCode> {
  const run = newRunId();
  const logDir = path.join(cwd, 'reports', run, 'try');
  const findings = await tryTarget({
    config,
    cwd,
    environment: environmentOf(env),
    profile,
    run,
    seed,
    logDir,
  });
  const width = Math.max(...findings.map(({ what }) => what.length));
  for (const { ok, what, says } of findings) console.log(`${MARKS[ok]} ${what.padEnd(width)}  ${says}`);
  const lacking = findings.filter(({ ok }) => ok === 'no');
  if (lacking.length === 0) return EXIT.held;
  console.error(
    `tripcurve: a scenario would have nothing to judge of ${lacking.map(({ what }) => what).join(', ')}; what the service printed is in ${path.relative(cwd, logDir)}`,
  );
  return EXIT.inconclusive;
}
