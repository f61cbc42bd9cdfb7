/** Takes an audit: runs its command, which reads the truth straight from the dependencies. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Config } from '../model/config.ts';
import { UsageError } from '../model/errors.ts';
import { childEnv } from './child.ts';
import { fill, fillAll } from './template.ts';

const AUDIT_LIMIT_MS = 15_000;
const OUTPUT_BYTES_MAX = 64 * 1024 * 1024;

/**
 * @param values what the placeholders of its command and environment stand for
 * @throws where it is not in the config, fails, takes too long or prints no JSON
 */
export async function takeAudit(
  { audits }: Config,
  name: string,
  values: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Record<string, unknown>> {
  const audit = audits[name];
  if (audit === undefined) throw new UsageError(`no audit "${name}" in the config`);
  const where = `audits.${name}`;
  const [file = '', ...args] = audit.command.map((word) => fill(word, values, where));
  const { stdout } = await promisify(execFile)(file, args, {
    cwd,
    env: childEnv(fillAll(audit.env, values, `${where}.env`)),
    timeout: AUDIT_LIMIT_MS,
    maxBuffer: OUTPUT_BYTES_MAX,
  });
  return JSON.parse(stdout) as Record<string, unknown>;
}
