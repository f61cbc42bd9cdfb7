/** Asks a person before an environment touches what is not on this machine. */
import { createInterface } from 'node:readline/promises';
import type { Environment } from '../environment/environment.ts';
import type { Config } from '../model/config.ts';
import { AbortedError, UsageError } from '../model/errors.ts';

/**
 * Settles when the environment may go to work.
 * @param yes they have agreed already
 * @throws UsageError where the config forbids it or nobody is there to ask, AbortedError where they say no
 */
export async function agreed(environment: Environment, config: Config, yes: boolean): Promise<void> {
  const touched = environment.asks?.(config) ?? [];
  if (touched.length === 0 || yes) return;
  const what = `--env ${environment.name} ${touched.join(', and ')}`;
  if (process.stdin.isTTY !== true)
    throw new UsageError(
      `${what}, which is not on loopback, and nobody is here to ask; give --yes if that is meant`,
    );
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  const answer = await terminal.question(`tripcurve: ${what}, which is not on loopback. Go on? [y/N] `);
  terminal.close();
  if (!/^y(es)?$/i.test(answer.trim())) throw new AbortedError('not agreed to: nothing was touched');
}
