import { beforeAll, describe, expect, test } from '@jest/globals';
import { MEASURED_VERSION, type MeasuredPolicy, type QuantityName } from '../../../harness/model/measured.ts';
import { WIRE_VERSION, WireRecord } from '../../../harness/model/wire.ts';
import { characterise } from '../../../harness/policy/characterise.ts';
import { SimulatedBench } from '../../../harness/policy/simulation/bench.ts';
import { VirtualClock } from '../../../harness/policy/simulation/clock.ts';
import { renderPolicyHtml } from '../../../harness/report/policy-html.ts';

const measuredAt = '2026-01-01T00:00:00.000Z';

/** A service with a timeout and a breaker, measured on a virtual clock. */
async function measured(): Promise<{ policy: MeasuredPolicy; wire: WireRecord }> {
  const clock = new VirtualClock();
  const bench = new SimulatedBench({
    policy: {
      connectMs: null,
      headersMs: 300,
      idleMs: null,
      totalMs: null,
      deadlineMs: null,
      retry: null,
      breaker: {
        rule: { kind: 'consecutive', failures: 3 },
        counts: 'calls',
        openMs: 800,
        openGrowth: 1,
        openMaxMs: 800,
        halfOpenProbes: 1,
        successesToClose: 1,
        clearsOnClose: true,
        shapes: new Set(['status-503', 'rst']),
      },
      bulkhead: null,
      fallback: 'none',
    },
    clock,
    seed: 5,
    giveUpMs: 4_000,
    noiseMs: 1,
  });
  const { recorded, ...found } = await clock.run(
    characterise({ bench, errorMs: 2, limits: { patienceMs: 4_000 } }),
  );
  return {
    policy: {
      tripcurve: 'policy',
      version: MEASURED_VERSION,
      target: 'shop <b>"&',
      link: 'llm',
      environment: 'embedded',
      measuredAt,
      calibration: null,
      ...found,
    },
    wire: { tripcurve: 'wire', version: WIRE_VERSION, link: 'llm', measuredAt, ...recorded },
  };
}

let policy: MeasuredPolicy;
let wire: WireRecord;
beforeAll(async () => {
  ({ policy, wire } = await measured());
}, 60_000);

/** The row of a value, or of a shape. */
function rowOf(html: string, name: string): string {
  const found = html.split('<details').find((part) => part.includes(`<span class="name">${name}</span>`));
  if (found === undefined) throw new Error(`no row for ${name}`);
  return found;
}

describe('the page of a measured policy', () => {
  test('what was recorded keeps to its schema', () => {
    expect(WireRecord.parse(JSON.parse(JSON.stringify(wire)))).toEqual(wire);
  });

  test('every value that is known has a row with a chart, and each chart is there once', () => {
    const html = renderPolicyHtml({ policy, wire });
    const known = Object.entries(policy.findings).filter(([, finding]) => finding.known);
    expect(known.length).toBeGreaterThan(10);
    for (const [name] of known)
      expect([name, rowOf(html, name)]).toEqual([name, expect.stringContaining('<use href="#wire-')]);
    const used = new Set([...html.matchAll(/<use href="#(wire-\d+)"/g)].map(([, id]) => id));
    const defined = [...html.matchAll(/<symbol id="(wire-\d+)"/g)].map(([, id]) => id);
    expect(new Set(defined).size).toBe(defined.length);
    expect([...used].filter((id) => !defined.includes(id))).toEqual([]);
    expect(html).not.toMatch(/NaN|Infinity|undefined/);
  });

  test('a row of the matrix shows what that failure did', () => {
    const html = renderPolicyHtml({ policy, wire });
    expect(rowOf(html, 'status-500')).toMatch(/failure matrix: status-500 · .* armed: status-500/);
  });

  test('what is unknown is there with its reason', () => {
    const html = renderPolicyHtml({ policy, wire });
    const unknown = Object.values(policy.findings).flatMap((one) => (one.known ? [] : [one.why]));
    expect(unknown.length).toBeGreaterThan(0);
    for (const why of unknown) expect(html).toContain(why.replaceAll('&', '&amp;').replaceAll('<', '&lt;'));
  });

  test('where nothing was recorded each value says so', () => {
    const html = renderPolicyHtml({ policy, wire: null });
    expect(html).not.toContain('<use');
    for (const [name, finding] of Object.entries(policy.findings))
      if (finding.known) expect(rowOf(html, name)).toContain('no chart: what was seen');
  });

  test('names that look like HTML are text, and nothing is loaded from elsewhere', () => {
    const nasty: MeasuredPolicy = {
      ...policy,
      link: '<script>alert(1)</script>',
      experiments: [{ name: 'trip', atMs: 0, tookMs: 1, says: '<img src=x>' }],
      matrix: {
        '"><i>': { retried: null, attempts: null, counts: null, caller: null, status: null, why: '<u>' },
      },
    };
    const html = renderPolicyHtml({
      policy: nasty,
      wire,
      comparisons: [{ heading: 'declared in <a>.json', rows: [] }],
    });
    expect(html).not.toMatch(/<script|<img|<i>|<u>|<b>"|<a>/);
    expect(html).toContain('shop &lt;b&gt;&quot;&amp;');
    expect(html).not.toMatch(/(src|href)="(?!#)/);
  });

  test('drift is marked where both are side by side, and at the value itself', () => {
    const name: QuantityName = 'breaker.openMs';
    const finding = policy.findings[name];
    if (finding === undefined) throw new Error(`${name} was not measured`);
    const rows = [{ name, declared: 5_000, measured: finding, outcome: 'drift' }] as const;
    const html = renderPolicyHtml({ policy, wire, comparisons: [{ heading: 'declared', rows }] });
    expect(html).toMatch(/<tr class="drifted"><td class="drift">DRIFT<\/td>.*5000 ms/);
    expect(rowOf(html, name)).toContain('declared 5000 ms');
    expect(html).toMatch(/<title>.*1 drifted<\/title>/);
  });
});
