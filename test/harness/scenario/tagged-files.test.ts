import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, expect, test } from '@jest/globals';
import { filesTagged } from '../../../harness/scenario/tagged-files.ts';
import { Cleanup } from '../../support/sockets.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

/** A folder with scenario files of these contents. */
async function folderWith(files: Record<string, string>): Promise<string> {
  const dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-tagged-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true }));
  await mkdir(path.join(dir, 'scenarios', 'a'), { recursive: true });
  for (const [name, text] of Object.entries(files))
    await writeFile(path.join(dir, 'scenarios', 'a', `${name}.scenario.ts`), text);
  return dir;
}

test('a test runner sees the scenarios with the tag, and what it has to tell of itself', async () => {
  const dir = await folderWith({
    both: "export default { tags: ['quick', 'nightly'] };",
    nightly: "export default { tags: ['nightly'] };",
    broken: 'export default {',
  });
  expect(await filesTagged(dir, 'quick')).toEqual([
    'scenarios/a/both.scenario.ts',
    'scenarios/a/broken.scenario.ts',
  ]);
  expect(await filesTagged(dir, 'nightly')).toHaveLength(3);
});

test('a tag that none has is a mistake', async () => {
  const dir = await folderWith({ one: "export default { tags: ['nightly'] };" });
  await expect(filesTagged(dir, 'quikc')).rejects.toThrow(
    'TRIPCURVE_TAG: none of the 1 scenarios has the tag "quikc"; npx tripcurve list shows their tags',
  );
});
