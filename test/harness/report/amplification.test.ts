import { expect, test } from '@jest/globals';
import { amplification } from '../../../harness/report/amplification.ts';
import { renderMarkdown } from '../../../harness/report/markdown.ts';
import type { ReportedScenario } from '../../../harness/report/results.ts';
import { summary } from '../../../harness/report/terminal.ts';

function seen(name: string, check: string, during: number, most: number): ReportedScenario {
  const numbers = { during: { value: during, unit: 'times' }, most: { value: most, unit: 'attempts' } };
  const verdict = { outcome: 'holds' as const, says: 'so it is', numbers, cites: [] };
  return {
    name,
    file: `${name}.scenario.ts`,
    outcome: 'holds',
    judgements: [{ check, part: 'expect', link: 'llm', verdict }],
    history: '',
    totalMs: 1,
    bootMs: 1,
    starvedRuns: 0,
  };
}

const SAYS =
  'retry amplification: at most 2.50 times the usual attempts during an outage (b, link llm), at most 4 for one request';

test('the most of a suite is told, in the terminal and in Markdown', () => {
  const scenarios = [
    seen('a', 'retry-amplification', 1, 4),
    seen('b', 'retry-amplification', 2.5, 3),
    seen('c', 'no-head-of-line-blocking', 90, 90),
  ];
  expect(amplification(scenarios)).toBe(SAYS);
  const report = { run: 'r', seed: 1, mutant: null, startedAt: '', totalMs: 1, scenarios, failed: [] };
  expect(summary(report, 'out')).toContain(`\n${SAYS}\nreport: out/report.html`);
  expect(renderMarkdown(report)).toContain(`\n${SAYS}\n`);
});

test('nothing is told where no scenario looked', () => {
  expect(amplification([seen('c', 'breaker-trips', 90, 90)])).toBeNull();
  expect(amplification([])).toBeNull();
});
