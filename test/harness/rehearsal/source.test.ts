import { describe, expect, test } from '@jest/globals';
import { Scenario } from '../../../harness/model/scenario.ts';
import { sourceOf, tightened } from '../../../harness/rehearsal/source.ts';
import { Story } from '../../support/story.ts';

const recorded = Scenario.parse({
  ...new Story().tell().header.scenario,
  about: "It's a test.",
  timeline: [
    { at: 47_123, inject: { type: 'down', attributes: {} }, on: 'llm', forMs: 3_004 },
    {
      at: 52_126,
      inject: { type: 'http_status', attributes: { status: 503, headers: { 'retry-after': '5' } } },
      on: 'llm',
      forMs: 2,
    },
    { at: 60_000, heal: 'all' },
  ],
});

describe('a rehearsal as a scenario', () => {
  test('begins a steady state before its first fault; durations and gaps stay', () => {
    const { name, timeline } = tightened(recorded, 'llm/mine');
    expect(name).toBe('llm/mine');
    expect(timeline).toMatchObject([
      { at: 1_500, forMs: 3_000 },
      { at: 6_500, forMs: 10 },
      { at: 14_380, heal: 'all' },
    ]);
  });

  test('is written as source that gives the same scenario back', async () => {
    const scenario = tightened(recorded, 'llm/mine');
    const source = sourceOf(scenario, './define.ts');
    expect(source).toMatch(
      /^import \{ defineScenario \} from '\.\/define\.ts';\n\nexport default defineScenario\(\{\n/,
    );
    expect(source).toContain("about: 'It\\'s a test.',");
    const body = /defineScenario\(([\s\S]*)\);\n$/.exec(source)?.[1] ?? '';
    const read: unknown = new Function(`return (${body});`)();
    expect(Scenario.parse(read)).toEqual(scenario);
  });
});
