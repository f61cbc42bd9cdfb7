/** Finds the name of an image, as Docker Compose finds its variables. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { parseEnv } from 'node:util';
import type { Image } from '../../model/config.ts';
import { messageOf, UsageError } from '../../model/errors.ts';

/** @throws UsageError where a file that COMPOSE_ENV_FILES lists cannot be read */
export async function variablesOf(cwd: string): Promise<Record<string, string | undefined>> {
  const files = (process.env.COMPOSE_ENV_FILES ?? '').split(',').filter((file) => file !== '');
  const read = files.map(async (file) => {
    try {
      return parseEnv(await readFile(path.resolve(cwd, file), 'utf8'));
    } catch (error) {
      throw new UsageError(`COMPOSE_ENV_FILES: ${messageOf(error)}`);
    }
  });
  // What is set in the environment itself goes first, as with Compose.
  return Object.assign({}, ...(await Promise.all(read)), process.env);
}

/** @param variables see {@link variablesOf} */
export function nameOf(image: Image, variables: Readonly<Record<string, string | undefined>>): string {
  return typeof image === 'string' ? image : variables[image.variable] || image.default;
}
