/** Where a declaration is read from: a file, a URL, or the measured target itself while it is up. */
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { parse } from 'yaml';
import { EnvironmentError, messageOf, UsageError } from '../model/errors.ts';

/** `entry:/path`: asked of the target's own entry. `entry` alone: where its config says that it declares. */
const ENTRY = /^entry(?::(\/.*))?$/;
const FETCH_LIMIT_MS = 5_000;

export type DeclarationSource =
  | { from: 'file'; file: string }
  | { from: 'url'; url: string }
  /** Path null: the one of the config. */
  | { from: 'entry'; path: string | null };

/** @throws UsageError where it can be none of them */
export function sourceOf(declared: string): DeclarationSource {
  const entry = ENTRY.exec(declared);
  if (entry !== null) return { from: 'entry', path: entry[1] ?? null };
  if (declared.startsWith('entry:'))
    throw new UsageError(
      `--declared ${declared}: after entry: comes the path that is asked of the target, such as entry:/resilience`,
    );
  if (/^https?:/.test(declared)) return { from: 'url', url: declared };
  if (declared.startsWith('/') && !existsSync(declared))
    throw new EnvironmentError(
      `--declared ${declared}: there is no such file; to ask the target for it, write entry:${declared}`,
    );
  return { from: 'file', file: declared };
}

/** @throws EnvironmentError */
export async function readDocument(source: Exclude<DeclarationSource, { from: 'entry' }>): Promise<unknown> {
  if (source.from === 'url') return fetchDocument(source.url, source.url);
  try {
    return parse(await readFile(source.file, 'utf8')); // JSON is YAML
  } catch (error) {
    throw new EnvironmentError(`--declared ${source.file} cannot be read: ${messageOf(error)}`);
  }
}

/**
 * What the target that is up says of itself.
 * @param path where; null: `configuredPath`
 * @throws UsageError where nobody says which path, EnvironmentError where it does not answer with a document
 */
export async function askTarget(
  entryUrl: string,
  path: string | null,
  configuredPath: string | undefined,
): Promise<unknown> {
  const asked = path ?? configuredPath;
  if (asked === undefined)
    throw new UsageError(
      '--declared entry: the config has no target.resiliencePath; say which path to ask, such as entry:/resilience',
    );
  return fetchDocument(new URL(asked, entryUrl).href, `entry:${asked}`);
}

async function fetchDocument(url: string, name: string): Promise<unknown> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(FETCH_LIMIT_MS) });
    if (!response.ok) throw new Error(`status ${response.status}`);
    return parse(await response.text());
  } catch (error) {
    throw new EnvironmentError(`--declared ${name} cannot be read: ${messageOf(error)}`);
  }
}
