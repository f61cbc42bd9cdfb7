/** What a target declares, read before anything is drawn or run. */
import { type Environment, linksIn } from '../environment/environment.ts';
import { type Config, withProfile } from '../model/config.ts';
import type { Policy } from '../model/policy.ts';
import { clockFrom } from '../model/time.ts';
import { declaredBy } from '../probe/resilience.ts';

export interface DeclaredOptions {
  config: Config;
  cwd: string;
  environment: Environment;
  profile: string;
  mutant: string | null;
  run: string;
  seed: number;
  logDir: string;
}

/**
 * The declared policy by link. A target that serves it itself is brought up for it, and taken down again.
 * @throws EnvironmentError or UsageError where it does not come up; nothing is left behind then
 */
export async function readDeclaredPolicy(options: DeclaredOptions): Promise<Record<string, Policy>> {
  const { environment, profile } = options;
  const config = withProfile(options.config, profile);
  if (config.target.resiliencePath === undefined) return config.target.declared;
  const originNs = process.hrtime.bigint();
  await using running = await environment.up({
    ...options,
    config,
    links: linksIn(environment, config),
    hidesNames: false,
    originNs,
    now: clockFrom(originNs),
    emit: () => {},
  });
  return await declaredBy(config.target, running.entryUrl);
}
