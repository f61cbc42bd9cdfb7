/** `tripcurve mutants`, run as a person would, against the tiny target. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, expect, jest, test } from '@jest/globals';
import type { KillMatrix } from '../../../harness/model/kill-matrix.ts';
import { Cleanup } from '../../support/sockets.ts';
import { Workshop } from '../../support/workshop.ts';

// A process takes half a second to start, and ten times that where other builds run beside it.
jest.setTimeout(120_000);

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const finding = { scenario: 'tiny/errors', check: 'success-ratio', says: '^0 of [0-9]+ requests succeeded' };

/** A workshop whose target has mutants: one that fails always, and whatever else is given. */
async function workshop(...mutants: object[]): Promise<Workshop> {
  const shop = await Workshop.open();
  cleanup.add(() => shop.close());
  await shop.scenario();
  const file = 'tripcurve.config.ts';
  const text = await readFile(path.join(shop.dir, file), 'utf8');
  const config = JSON.parse(text.slice('export default '.length, -1));
  config.target.mutants = mutants;
  await shop.write(file, `export default ${JSON.stringify(config)};`);
  return shop;
}

const failing = { name: 'fails-always', origin: 'X1: it never answers', expected: [finding] };
const healthy = { name: 'as-it-is', origin: 'X2: nothing is wrong with it', expected: [finding] };

test('one is caught, one survives, and the matrix holds both', async () => {
  const shop = await workshop(failing, healthy);
  const { code, stdout } = await shop.run('mutants', '--seed', '1', '--out', 'reports/kills');
  expect(stdout).toMatch(
    /^✓ fails-always +caught by tiny\/errors: success-ratio: 0 of \d+ requests succeeded/m,
  );
  expect(stdout).toMatch(/^✗ as-it-is +survived 1 scenarios; expected tiny\/errors: success-ratio/m);
  expect(stdout).toContain('1 of 2 mutants caught');
  expect(code).toBe(1);
  const read = (name: string): Promise<string> =>
    readFile(path.join(shop.dir, 'reports/kills', name), 'utf8');
  const matrix = JSON.parse(await read('kill-matrix.json')) as KillMatrix;
  expect(matrix.mutants.map(({ name, fate }) => [name, fate])).toEqual([
    ['fails-always', 'caught'],
    ['as-it-is', 'missed'],
  ]);
  expect(await read('kill-matrix.html')).toContain('1 of 2 caught');
});

test('all caught is exit code 0; a name picks one', async () => {
  const shop = await workshop(failing, healthy);
  const { code, stdout } = await shop.run('mutants', 'fails-always');
  expect([code, stdout.match(/^[✓✗?]/gm)]).toEqual([0, ['✓']]);
});

test.each([
  [[], [], 'the config names no mutants (target.mutants)'],
  [[failing], ['fails'], 'mutants: no mutant "fails"; one of fails-always'],
  [
    [{ ...failing, expected: [{ ...finding, scenario: 'tiny/error' }] }],
    [],
    'fails-always: expected[0].scenario: no scenario "tiny/error"; did you mean "tiny/errors"?',
  ],
  [[{ ...failing, expected: [{ ...finding, says: '(' }] }], [], 'must be a regular expression'],
  [['fails-always'], [], 'target.mutants'],
])('%j with %j is refused in one sentence', async (mutants, args, sentence) => {
  const shop = await workshop(...(mutants as object[]));
  const { code, stderr } = await shop.run('mutants', ...args);
  expect([code, stderr.trim().split('\n').length]).toEqual([2, 1]);
  expect(stderr).toContain(sentence);
});
