/**
 * Mimo's configuration, read from the environment once and checked before anything starts.
 * A bad value is the operator's error: one sentence that names the variable and what it should be.
 */
import { z } from 'zod';

const HttpUrl = z.url({
  protocol: /^https?$/,
  error: 'must be an http:// or https:// URL, such as http://127.0.0.1:1234',
});

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
  OLLAMA_URL: HttpUrl,
  OLLAMA_MODEL: z.string().min(1).default('nomic-embed-text'),
  MIMO_STATE_DIR: z
    .string({ error: 'must be set to a folder where queued writes survive a restart' })
    .min(1, 'must be set to a folder where queued writes survive a restart'),
  MIMO_MUTANT: z.string().optional(),
  MIMO_EXIT_WITH_STDIN: z.enum(['0', '1'], { error: 'must be 0 or 1' }).default('0'),
  LOG_LEVEL: z
    .enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'], {
      error: 'must be trace, debug, info, warn, error, fatal or silent',
    })
    .default('info'),
});

/** What the service is started with. */
export interface Config {
  readonly host: string;
  /** 0 lets the system choose a free port. */
  readonly port: number;
  readonly profile: 'production' | 'fast';
  readonly databaseUrl: string;
  readonly llm: { readonly baseUrl: string; readonly apiKey: string; readonly model: string };
  readonly ollama: { readonly baseUrl: string; readonly model: string };
  readonly stateDir: string;
  readonly mutant: string | undefined;
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
  return {
    host: env.HOST,
    port: env.PORT,
    profile: env.MIMO_PROFILE,
    databaseUrl: env.DATABASE_URL,
    llm: { baseUrl: withoutSlash(env.LLM_BASE_URL), apiKey: env.LLM_API_KEY, model: env.LLM_MODEL },
    ollama: { baseUrl: withoutSlash(env.OLLAMA_URL), model: env.OLLAMA_MODEL },
    stateDir: env.MIMO_STATE_DIR,
    mutant,
    exitWithStdin: env.MIMO_EXIT_WITH_STDIN === '1',
    logLevel: env.LOG_LEVEL,
  };
}

function withoutSlash(url: string): string {
  return url.replace(/\/+$/, '');
}
