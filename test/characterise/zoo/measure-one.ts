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

type LinkInput = ConfigInput['links'][string];

/** Longer than any timeout of the zoo; without breakers each failed call is repeated as often as `callsMax`. */
const LIMITS: Partial<LabLimits> = { patienceMs: 3_000, callsMax: 20 };
const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

const start = (name: string): string[] => [process.execPath, path.join(import.meta.dirname, `${name}.ts`)];

/** What stands behind the link, by how the name of the service begins. */
const LINKS: Readonly<Record<string, LinkInput>> = {
  pg: { protocol: 'postgres', dependency: { postgres: { prepare: { command: start('pg-prepare') } } } },
  tcp: { protocol: 'tcp', dependency: { process: { command: start('tcp-dependency') } } },
};
const HTTP_LINK: LinkInput = {
  protocol: 'http',
  dependency: { process: { command: start('dependency') } },
};

/** A config whose target is a file of the zoo. */
export function zooConfig(file: string, env: Record<string, string> = {}): Config {
  const config: ConfigInput = {
    target: {
      name: file,
      start: { command: start(file), env: { UPSTREAM: '{{link.dep.url}}', ...env } },
      readyPath: '/ready',
    },
    profiles: { fast: { env: {} } },
    links: { dep: LINKS[file.split('-')[0] ?? ''] ?? HTTP_LINK },
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

/** Mimo and its database, asked for what it only reads. */
export function mimoDatabaseConfig(): Config {
  const config = Config.parse(mimo);
  const { search } = config.requests;
  if (search === undefined) throw new Error('the config of the repository has no request "search"');
  return { ...config, requests: { search } };
}

/** @param limits over those of the zoo @param replicas that measure side by side */
export async function measureOne(
  config: Config,
  link: string,
  limits: Partial<LabLimits> = {},
  replicas = 1,
): Promise<MeasuredPolicy> {
  const logDir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-zoo-'));
  try {
    const { policy } = await measure({
      config,
      cwd: REPOSITORY,
      environment: embedded,
      link,
      profile: 'fast',
      run: `zoo-${config.target.name}`,
      seed: 1,
      logDir,
      limits: { ...LIMITS, ...limits },
      replicas,
      signal: new AbortController().signal,
      onProgress: () => {},
    });
    return policy;
  } finally {
    await rm(logDir, { recursive: true, force: true });
  }
}
