import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { beforeAll, describe, expect, test } from '@jest/globals';
import type { Config } from '../../../harness/model/config.ts';
import { type LoadedScenario, loadConfig, loadScenarios } from '../../../harness/scenario/load.ts';
import { checkMutants } from '../../../harness/scenario/mutants.ts';
import { MUTANT_NAMES, mutate } from '../../../services/mimo/mutants/registry.ts';
import { PARTS } from '../../../services/mimo/parts.ts';
import { REPOSITORY } from '../../support/workshop.ts';

let config: Config;
let scenarios: LoadedScenario[];

beforeAll(async () => {
  config = await loadConfig(REPOSITORY);
  scenarios = await loadScenarios(REPOSITORY, [], config);
});

test('every mutant is declared, and every declared one exists', () => {
  expect(config.target.mutants.map(({ name }) => name).sort()).toEqual([...MUTANT_NAMES].sort());
  expect(MUTANT_NAMES.length).toBeGreaterThanOrEqual(45);
});

test('each names its defect, and scenarios that exist and ask the check', () => {
  for (const { name, origin } of config.target.mutants)
    expect([name, origin]).toEqual([name, expect.stringMatching(/^[BRFDCOP]\d*(, [BRFDCOP]\d*)*: \S/)]);
  expect(() => checkMutants(config.target.mutants, scenarios)).not.toThrow();
});

describe('a declaration that cannot come true is refused', () => {
  const finding = { scenario: 'llm/errors', check: 'breaker-trips', link: 'llm', says: 'still' };
  const declared = (change: object) => [{ name: 'm', origin: 'X', expected: [{ ...finding, ...change }] }];

  test.each([
    [
      { scenario: 'llm/error' },
      'target.mutants: m: expected[0].scenario: no scenario "llm/error"; did you mean',
    ],
    [
      { check: 'writes-kept' },
      'target.mutants: m: expected[0].check: llm/errors does not ask writes-kept of link llm',
    ],
    [{ link: 'ollama' }, 'llm/errors does not ask breaker-trips of link ollama'],
  ])('%j', (change, sentence) => {
    expect(() => checkMutants(declared(change), scenarios)).toThrow(sentence);
  });

  test('and so is a name that is taken', () => {
    const [one] = declared({});
    expect(() => checkMutants(one === undefined ? [] : [one, one], scenarios)).toThrow(
      'the name "m" is taken twice',
    );
  });
});

test('each changes something, and nothing of the good parts', () => {
  for (const name of MUTANT_NAMES) {
    const mutated = mutate(PARTS, name);
    const changed = Object.entries(mutated).filter(
      ([part, value]) => PARTS[part as keyof typeof PARTS] !== value,
    );
    expect([name, changed.length]).toEqual([name, expect.any(Number)]);
    expect(changed.length).toBeGreaterThan(0);
    expect(Object.keys(mutated).sort()).toEqual(Object.keys(PARTS).sort());
  }
});

test('an unknown name is refused, also one that objects have by themselves', () => {
  expect(() => mutate(PARTS, 'toString')).toThrow('mutant: "toString" is none of breaker-never-opens');
});

test('docs/mutants.md has a row for each', async () => {
  const page = await readFile(path.join(REPOSITORY, 'docs/mutants.md'), 'utf8');
  for (const { name, origin } of config.target.mutants)
    expect(page).toContain(`| \`${name}\` | ${origin.replaceAll('|', '\\|')} |`);
});
