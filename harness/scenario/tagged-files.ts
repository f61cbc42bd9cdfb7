/** Which scenario files a test runner is to see: it must be told before it reads any of them. */
import { glob } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { UsageError } from '../model/errors.ts';
import { SCENARIO_SUFFIXES } from './load.ts';

/** The only kind that a test runner reads as it is. */
const [TYPESCRIPT_SUFFIX] = SCENARIO_SUFFIXES;

/**
 * Scenario files with a tag, relative to `cwd`, in order. One that cannot be read is among them: that is for the
 * test runner to tell.
 * @throws UsageError where none has the tag
 */
export async function filesTagged(cwd: string, tag: string): Promise<string[]> {
  const files = await Array.fromAsync(glob(`scenarios/**/*${TYPESCRIPT_SUFFIX}`, { cwd }));
  const has = await Promise.all(files.map((file) => isTagged(path.join(cwd, file), tag)));
  const tagged = files.filter((_file, i) => has[i]).sort();
  if (tagged.length === 0)
    throw new UsageError(
      `TRIPCURVE_TAG: none of the ${files.length} scenarios has the tag "${tag}"; npx tripcurve list shows their tags`,
    );
  return tagged;
}

async function isTagged(file: string, tag: string): Promise<boolean> {
  try {
    const { default: scenario } = (await import(pathToFileURL(file).href)) as {
      default?: { tags?: string[] };
    };
    return scenario?.tags === undefined || scenario.tags.includes(tag);
  } catch {
    return true;
  }
}
