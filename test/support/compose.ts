/** docker-compose.yml as it is written, and a project of it that runs. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { parse } from 'yaml';
import { messageOf } from '../../harness/model/errors.ts';
import { REPOSITORY } from './workshop.ts';

/** What the tests look at of a service. */
export interface ComposeService {
  image?: string;
  build?: unknown;
  user?: string;
  profiles?: string[];
  environment?: Record<string, string>;
  ports?: string[];
  volumes?: string[];
  networks?: string[];
  restart?: string;
  init?: boolean;
  read_only?: boolean;
  cap_drop?: string[];
  cap_add?: string[];
  privileged?: boolean;
  security_opt?: string[];
  pids_limit?: number;
  mem_limit?: string;
  cpus?: number | string;
  healthcheck?: { test: string[] };
  depends_on?: Record<string, { condition?: string }> | string[];
}

export interface ComposeFile {
  services: Record<string, ComposeService>;
  networks: Record<string, { internal?: boolean } | null>;
}

export async function readComposeFile(): Promise<ComposeFile> {
  const text = await readFile(path.join(REPOSITORY, 'docker-compose.yml'), 'utf8');
  return parse(text, { merge: true }) as ComposeFile;
}

/** The variables of docker/airgap/airgap.env. */
export async function readAirgapEnv(): Promise<Record<string, string>> {
  const text = await readFile(path.join(REPOSITORY, AIRGAP_ENV), 'utf8');
  const lines = text.split('\n').filter((line) => /^\w+=/.test(line));
  return Object.fromEntries(lines.map((line) => line.split(/=(.*)/s).slice(0, 2)));
}

export const AIRGAP_ENV = 'docker/airgap/airgap.env';

const OUTPUT_BYTES_MAX = 16 * 1024 * 1024;

/** Runs a program in the repository. @throws with what it said last */
export async function command(limitMs: number, file: string, ...args: string[]): Promise<string> {
  try {
    // Jest's own process.env is a copy, which children do not get by themselves.
    const options = { cwd: REPOSITORY, env: process.env, timeout: limitMs, maxBuffer: OUTPUT_BYTES_MAX };
    return (await promisify(execFile)(file, args, options)).stdout.trim();
  } catch (error) {
    const { stderr = '' } = error as { stderr?: string };
    throw new Error(`${file} ${args.join(' ')}: ${stderr.trim().slice(-2_000) || messageOf(error)}`);
  }
}

/** Why a command does not work here, or null where it does. */
export async function reasonAgainst(file: string, ...args: string[]): Promise<string | null> {
  return command(10_000, file, ...args).then(
    () => null,
    () => `${file} ${args.join(' ')} does not work here`,
  );
}
