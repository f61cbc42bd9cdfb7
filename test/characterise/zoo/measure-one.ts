/** Measures a service of the zoo as the command does: real processes, a link in front of the dependency. */
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { embedded } from '../../../harness/environment/embedded.ts';
import { Config, type ConfigInput } from '../../../harness/model/config.ts';
import type { MeasuredPolicy } from '../../../harness/model/measured.ts';
import type { LabLimits } from '../../../harness/policy/lab.ts';
import { measure } from '../../../harness/policy/measure.ts';
import mimo from '../../../tripcurve.config.ts';

/** Longer than any timeout of the zoo; without breakers each failed call is repeated as often as `callsMax`. */
const LIMITS: Partial<LabLimits> = { patienceMs: 3_000, callsMax: 20 };
const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

/** A config whose target is a file of the zoo. */
export function zooConfig(file: string, env: Record<string, string> = {}): Config {
  const start = (name: string): string[] => [process.execPath, path.join(import.meta.dirname, `${name}.ts`)];
  const config: ConfigInput = {
    target: {
      name: file,
      start: { command: start(file), env: { UPSTREAM: '{{link.dep.url}}', ...env } },
      readyPath: '/ready',
    },
    profiles: { fast: { env: {} } },
    links: { dep: { protocol: 'http', dependency: { process: { command: start('dependency') } } } },
    requests: { ask: { method: 'POST', path: '/ask', body: { key: '{{key}}' }, needs: ['dep'] } },
    served: { header: 'served-by' },
  };
  return Config.parse(config);
}

/** Mimo, with questions that no cache can answer. */
export function mimoConfig(): Config {
  const config = Config.parse(mimo);
  const { ask } = config.requests;
  if (ask === undefined) throw new Error('the config of the repository has no request "ask"');
  return { ...config, requests: { ask: { ...ask, body: { query: 'what is known of {{key}}?' } } } };
}

/** @param limits over those of the zoo */
export async function measureOne(
  config: Config,
  link: string,
  limits: Partial<LabLimits> = {},
): Promise<MeasuredPolicy> {
  const logDir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-zoo-'));
  try {
    return await measure({
      config,
      cwd: REPOSITORY,
      environment: embedded,
      link,
      profile: 'fast',
      run: `zoo-${config.target.name}`,
      seed: 1,
      logDir,
      limits: { ...LIMITS, ...limits },
      signal: new AbortController().signal,
      onProgress: () => {},
    });
  } finally {
    await rm(logDir, { recursive: true, force: true });
  }
}
