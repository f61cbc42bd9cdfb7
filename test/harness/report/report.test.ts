import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { judge } from '../../../harness/check/judge.ts';
import { writeHistory } from '../../../harness/history/file.ts';
import { overall } from '../../../harness/model/verdict.ts';
import { renderChart } from '../../../harness/report/chart.ts';
import { renderHtml } from '../../../harness/report/html.ts';
import { renderJunit } from '../../../harness/report/junit.ts';
import type { RunReport } from '../../../harness/report/results.ts';
import { writeReports } from '../../../harness/report/run-report.ts';
import { scenarioLine } from '../../../harness/report/terminal.ts';
import { Story } from '../../support/story.ts';

const history = new Story()
  .fault(1_000, 3_000)
  .traffic(0, 1_000, 'good')
  .traffic(1_000, 1_250, 'failed', { by: 'cached' })
  .traffic(1_250, 3_000, null, { by: 'cached' })
  .traffic(3_000, 5_000, 'good')
  .event(1_210, { kind: 'breaker', link: 'llm', from: 'closed', to: 'open' })
  .tell();
const judgements = judge(history);
const report: RunReport = {
  run: 'r1',
  seed: 7,
  mutant: null,
  startedAt: '2026-01-01T00:00:00.000Z',
  totalMs: 5_000,
  scenarios: [
    {
      name: 'story',
      file: 'story.scenario.ts',
      outcome: overall(judgements.map(({ verdict }) => verdict.outcome)),
      judgements,
      history: 'story/history.ndjson',
      totalMs: 5_000,
      bootMs: 10,
      starvedRuns: 0,
    },
  ],
  failed: [{ name: 'broken', file: 'b.scenario.ts', why: 'the <target> said "no" & left' }],
};

describe('JUnit', () => {
  test('has a suite per scenario and a case per verdict; inconclusive is an error', () => {
    const xml = renderJunit(report);
    const inconclusive = judgements.filter(({ verdict }) => verdict.outcome === 'inconclusive').length;
    expect(inconclusive).toBeGreaterThan(0);
    expect(xml).toContain(
      `<testsuite name="story" tests="${judgements.length}" failures="0" errors="${inconclusive}"`,
    );
    expect(xml.match(/<testcase /g)).toHaveLength(judgements.length + 1);
  });

  test('escapes what XML cannot hold', () => {
    expect(renderJunit(report)).toContain('the &lt;target&gt; said &quot;no&quot; &amp; left');
  });
});

describe('the HTML page', () => {
  const html = renderHtml(report, new Map([['story', history]]));

  test('is self-contained: it loads nothing', () => {
    expect(html).not.toMatch(/<script|<link|src=|url\(|@import|https?:\/\/(?!www\.w3\.org)/);
  });

  test('shows every verdict with its numbers, and escapes what it quotes', () => {
    for (const { verdict } of judgements) expect(html).toContain(verdict.says.replaceAll('"', '&quot;'));
    expect(html).toContain('the &lt;target&gt; said &quot;no&quot; &amp; left');
  });

  test('draws requests by how they were served, attempts, and both views of the breaker', () => {
    const svg = renderChart(history);
    expect(svg).toMatch(/class="s-live"/);
    expect(svg).toMatch(/class="s-cached"/);
    expect(svg.match(/class="a-failed"/g)).toHaveLength(5);
    expect(svg.match(/class="b-open"/g)).toHaveLength(2); // by the wire, and as told
    expect(svg).toMatch(/class="fault"/);
  });
});

describe('the terminal line', () => {
  test('names what is wrong, a line each', () => {
    const [scenario] = report.scenarios;
    if (scenario === undefined) throw new Error('no scenario');
    const lines = scenarioLine(scenario).split('\n');
    expect(lines[0]).toMatch(/^\? story +inconclusive +5\.0 s$/);
    expect(lines.slice(1).every((line) => /^ {4}\? inconclusive \S+ \(.*\): /.test(line))).toBe(true);
  });
});

describe('the report folder', () => {
  let dir: string;
  beforeAll(async () => {
    dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
  });
  afterAll(() => rm(dir, { recursive: true }));

  test('gets all four files, made from the histories that lie in it', async () => {
    const only = report.scenarios.map((scenario) => ({ ...scenario, history: 'history.ndjson' }));
    await writeHistory(path.join(dir, 'history.ndjson'), history);
    await writeReports(dir, { ...report, scenarios: only });
    expect(JSON.parse(await readFile(path.join(dir, 'verdicts.json'), 'utf8'))).toMatchObject({
      run: 'r1',
      seed: 7,
    });
    expect(await readFile(path.join(dir, 'junit.xml'), 'utf8')).toMatch(/^<\?xml/);
    expect(await readFile(path.join(dir, 'summary.md'), 'utf8')).toMatch(/^## ❌ tripcurve: 1 not run/);
    expect(await readFile(path.join(dir, 'report.html'), 'utf8')).toMatch(/<svg/);
  });
});
