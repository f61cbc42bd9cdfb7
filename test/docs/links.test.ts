/** No page has a link to a file or heading that is not there. The web is not asked. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { linksOf, whatIsWrongWith } from '../support/doc-links.ts';
import { REPOSITORY } from '../support/workshop.ts';

const inDocs = await readdir(path.join(REPOSITORY, 'docs'), { recursive: true });
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  ...inDocs.filter((name) => name.endsWith('.md')).map((name) => path.join('docs', name)),
];

test.each(pages)('%s', async (page) => {
  const file = path.join(REPOSITORY, page);
  expect(await whatIsWrongWith(file, linksOf(await readFile(file, 'utf8')))).toEqual([]);
});

test('a link that leads nowhere is seen', async () => {
  const links = linksOf(
    '[a](no-such.md) [b](README.md#no-such) [c](README.md#commands) [d](https://example.org)',
  );
  expect(await whatIsWrongWith(path.join(REPOSITORY, 'CONTRIBUTING.md'), links)).toEqual([
    'no-such.md: no such file',
    'README.md#no-such: no such heading',
  ]);
});
