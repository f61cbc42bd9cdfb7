/**
 * Mimo's configuration, read from the environment once and checked before anything starts.
 * A bad value is the operator's error: one sentence that names the variable and what it should be.
 */
import { z } from 'zod';
import { type Limits, LimitVariables, limitsFrom } from './limits.ts';
import type { ProviderConfig } from './llm/client.ts';
import { type MonitorSettings, MonitorVariables, monitorSettingsFrom } from './monitor/settings.ts';
import { LLM_LINKS, type Policy } from './policy.ts';
import { readPolicyFile } from './policy-file.ts';

const HttpUrl = z.url({
  protocol: /^https?$/,
  error: 'must be an http:// or https:// URL, such as http://127.0.0.1:1234',
});

const OptionalHttpUrl = z.union([z.literal('').transform(() => undefined), HttpUrl]).optional();

const Usd = z.coerce
  .number({ error: 'must be a price in US dollars per million tokens' })
  .min(0, 'must be a price in US dollars per million tokens')
  .default(0);

const Switch = z.enum(['0', '1'], { error: 'must be 0 or 1' }).default('0');

const Environment = z.object({
  HOST: z.string().min(1).default('127.0.0.1'),
  PORT: z.coerce
    .number({ error: 'must be a port number from 0 to 65535' })
    .int('must be a port number from 0 to 65535')
    .min(0, 'must be a port number from 0 to 65535')
    .max(65_535, 'must be a port number from 0 to 65535')
    .default(0),
  MIMO_PROFILE: z.enum(['production', 'fast'], { error: 'must be production or fast' }).default('production'),
  DATABASE_URL: z.url({
    protocol: /^postgres(ql)?$/,
    error: 'must be a URL such as postgres://user:password@127.0.0.1:5432/mimo',
  }),
  LLM_BASE_URL: HttpUrl,
  LLM_API_KEY: z.string().default('none'),
  LLM_MODEL: z.string().min(1).default('gpt-oss-120b'),
  LLM_PROMPT_USD_PER_MILLION: Usd,
  LLM_COMPLETION_USD_PER_MILLION: Usd,
  LLM_2_BASE_URL: OptionalHttpUrl,
  LLM_2_API_KEY: z.string().default('none'),
  LLM_2_MODEL: z.string().min(1).optional(),
  LLM_2_PROMPT_USD_PER_MILLION: Usd,
  LLM_2_COMPLETION_USD_PER_MILLION: Usd,
  LLM_3_BASE_URL: OptionalHttpUrl,
  LLM_3_API_KEY: z.string().default('none'),
  LLM_3_MODEL: z.string().min(1).optional(),
  LLM_3_PROMPT_USD_PER_MILLION: Usd,
  LLM_3_COMPLETION_USD_PER_MILLION: Usd,
  OLLAMA_URL: HttpUrl,
  OLLAMA_MODEL: z.string().min(1).default('nomic-embed-text'),
  MIMO_STATE_DIR: z
    .string({ error: 'must be set to a folder where queued writes survive a restart' })
    .min(1, 'must be set to a folder where queued writes survive a restart'),
  MIMO_POLICY_FILE: z.string().optional(),
  MIMO_MUTANT: z.string().optional(),
  MIMO_ROUTER: Switch,
  MIMO_MCP_STDIO: Switch,
  MIMO_EXIT_WITH_STDIN: Switch,
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'must be trace, debug, info, warn, error, fatal or silent',
    })
    .default('info'),
  ...LimitVariables.shape,
  ...MonitorVariables.shape,
});

/** What the service is started with. */
export interface Config {
  readonly host: string;
  /** 0 lets the system choose a free port. */
  readonly port: number;
  readonly profile: 'production' | 'fast';
  /** In place of the profile's own policy. */
  readonly policy?: Policy;
  /** Left out: the defaults. */
  readonly limits?: Limits;
  /** Left out: the defaults. */
  readonly monitor?: MonitorSettings;
  readonly databaseUrl: string;
  /** The providers of the LLM, in the order in which they are asked; at least one. */
  readonly llm: readonly [ProviderConfig, ...ProviderConfig[]];
  readonly ollama: { readonly baseUrl: string; readonly model: string };
  /** Whether an ask is classified first, which is an LLM call more where the cache does not know it. */
  readonly router: boolean;
  readonly stateDir: string;
  readonly mutant: string | undefined;
  /** Whether MCP is spoken on standard input and output, which nothing else may use then. */
  readonly mcpStdio: boolean;
  readonly exitWithStdin: boolean;
  readonly logLevel: string;
}

/** A value the operator must change. The message is one sentence, made to be shown as it is. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** @throws ConfigError naming the first variable that is missing or wrong. */
export function readConfig(
  environment: Readonly<Record<string, string | undefined>>,
  mutantNames: readonly string[],
): Config {
  const parsed = Environment.safeParse(environment);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const variable = String(issue?.path[0] ?? 'environment');
    const given = environment[variable];
    // The value of a URL may hold a password, so it is never echoed.
    const got =
      given === undefined ? 'it is not set' : variable.endsWith('URL') ? 'it is not' : `got "${given}"`;
    throw new ConfigError(`${variable} ${issue?.message ?? 'is wrong'}; ${got}.`);
  }
  const env = parsed.data;
  const mutant = env.MIMO_MUTANT === '' ? undefined : env.MIMO_MUTANT;
  if (mutant !== undefined && !mutantNames.includes(mutant)) {
    throw new ConfigError(`MIMO_MUTANT must be one of ${mutantNames.join(', ')}; got "${mutant}".`);
  }
  const policy = env.MIMO_POLICY_FILE ? policyFrom(env.MIMO_POLICY_FILE) : undefined;
  return {
    host: env.HOST,
    port: env.PORT,
    profile: policy?.profile ?? env.MIMO_PROFILE,
    ...(policy === undefined ? {} : { policy }),
    limits: limitsFrom(env),
    monitor: monitorSettingsFrom(env),
    databaseUrl: env.DATABASE_URL,
    llm: providersIn(env),
    ollama: { baseUrl: withoutSlash(env.OLLAMA_URL), model: env.OLLAMA_MODEL },
    router: env.MIMO_ROUTER === '1',
    stateDir: env.MIMO_STATE_DIR,
    mutant,
    mcpStdio: env.MIMO_MCP_STDIO === '1',
    exitWithStdin: env.MIMO_EXIT_WITH_STDIN === '1',
    logLevel: env.LOG_LEVEL,
  };
}

function policyFrom(file: string): Policy {
  try {
    return readPolicyFile(file);
  } catch (error) {
    throw new ConfigError(`MIMO_POLICY_FILE: ${error instanceof Error ? error.message : error}.`);
  }
}

/** The chain: the first provider, and those of the others that have an address. */
function providersIn(env: z.infer<typeof Environment>): [ProviderConfig, ...ProviderConfig[]] {
  const first: ProviderConfig = {
    link: LLM_LINKS[0],
    baseUrl: withoutSlash(env.LLM_BASE_URL),
    apiKey: env.LLM_API_KEY,
    model: env.LLM_MODEL,
    promptUsdPerMillion: env.LLM_PROMPT_USD_PER_MILLION,
    completionUsdPerMillion: env.LLM_COMPLETION_USD_PER_MILLION,
  };
  if (env.LLM_2_BASE_URL === undefined && env.LLM_3_BASE_URL !== undefined) {
    throw new ConfigError('LLM_2_BASE_URL must be set before LLM_3_BASE_URL can be; it is not set.');
  }
  return [first, ...further(env, 2, LLM_LINKS[1]), ...further(env, 3, LLM_LINKS[2])];
}

function further(env: z.infer<typeof Environment>, n: 2 | 3, link: ProviderConfig['link']): ProviderConfig[] {
  const baseUrl = env[`LLM_${n}_BASE_URL`];
  if (baseUrl === undefined) return [];
  return [
    {
      link,
      baseUrl: withoutSlash(baseUrl),
      apiKey: env[`LLM_${n}_API_KEY`],
      model: env[`LLM_${n}_MODEL`] ?? env.LLM_MODEL,
      promptUsdPerMillion: env[`LLM_${n}_PROMPT_USD_PER_MILLION`],
      completionUsdPerMillion: env[`LLM_${n}_COMPLETION_USD_PER_MILLION`],
    },
  ];
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
