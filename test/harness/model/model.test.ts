import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { schemaFiles } from '../../../harness/cli/schema.ts';
import { seededRandom, seedFor } from '../../../harness/model/random.ts';
import { phasesOf, Scenario } from '../../../harness/model/scenario.ts';
import { nearest } from '../../../harness/model/validate.ts';
import { exitCodeOf, overall } from '../../../harness/model/verdict.ts';
import { tinyScenario } from '../../support/workshop.ts';

describe('outcomes', () => {
  test.each([
    [['holds', 'holds'], 'holds', 0],
    [['holds', 'inconclusive'], 'inconclusive', 3],
    [['inconclusive', 'fails', 'holds'], 'fails', 1],
    [[], 'inconclusive', 3],
  ] as const)('%j add up to %s, exit %d', (outcomes, sum, code) => {
    expect(overall(outcomes)).toBe(sum);
    expect(exitCodeOf(overall(outcomes))).toBe(code);
  });
});

describe('the dice', () => {
  test('depend on the seed alone and are spread evenly', () => {
    const draw = (seed: number): number[] => Array.from({ length: 1_000 }, seededRandom(seed));
    expect(draw(1)).toEqual(draw(1));
    expect(draw(1)).not.toEqual(draw(2));
    const mean = draw(3).reduce((sum, x) => sum + x, 0) / 1_000;
    expect(mean).toBeGreaterThan(0.45);
    expect(mean).toBeLessThan(0.55);
  });

  test('are others for every part of a run', () => {
    expect(seedFor(1, 'load')).not.toBe(seedFor(1, 'link llm'));
    expect(seedFor(1, 'load')).not.toBe(seedFor(2, 'load'));
  });
});

describe('the phases of a scenario', () => {
  test('come from its first injection and its last heal', () => {
    const scenario = Scenario.parse({
      ...tinyScenario,
      timeline: [
        { at: 500, inject: { type: 'down' }, on: 'dep', forMs: 100 },
        { at: 400, inject: { type: 'latency' }, on: 'dep' },
        { at: 900, heal: 'all' },
      ],
    });
    expect(phasesOf(scenario)).toEqual({ faultAtMs: 400, healAtMs: 900, endAtMs: 1_700 });
  });
});

describe('a slip of the pen', () => {
  test.each([
    ['latncy', 'latency'],
    ['Latency', 'latency'],
    ['nothing-like-it', undefined],
  ])('%s is taken for %s', (given, meant) => {
    expect(nearest(given, ['latency', 'bandwidth', 'timeout'])).toBe(meant);
  });
});

describe('the published schemas', () => {
  test.each(Object.entries(schemaFiles()))(
    '%s is what the code says (npx tripcurve schema writes it)',
    async (name, text) => {
      expect(await readFile(path.join('docs', 'schema', name), 'utf8')).toBe(text);
    },
  );
});
