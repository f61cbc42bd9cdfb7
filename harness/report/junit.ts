/**
 * JUnit XML, as CI systems read it: a suite per scenario, a case per verdict. Inconclusive is an
 * error: neither passed nor failed, and no reason to be calm.
 */
import type { Judgement } from '../model/verdict.ts';
import type { FailedScenario, RunReport } from './results.ts';

const SECOND_MS = 1000;

export function renderJunit(report: RunReport): string {
  const suites = report.scenarios.map((scenario) => {
    const cases = scenario.judgements.map((judgement) => testCase(scenario.name, judgement));
    const failures = scenario.judgements.filter(({ verdict }) => verdict.outcome === 'fails').length;
    const errors = scenario.judgements.filter(({ verdict }) => verdict.outcome === 'inconclusive').length;
    return suite(scenario.name, cases, failures, errors, scenario.totalMs);
  });
  const failed = report.failed.map((scenario) => suite(scenario.name, [notRun(scenario, 'error')], 0, 1, 0));
  const skipped = (report.skipped ?? []).map((scenario) =>
    suite(scenario.name, [notRun(scenario, 'skipped')], 0, 0, 0),
  );
  const time = (report.totalMs / SECOND_MS).toFixed(3);
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites name="tripcurve ${escapeXml(report.run)}" time="${time}">\n${[...suites, ...failed, ...skipped].join('\n')}\n</testsuites>\n`;
}

function notRun({ name, why }: FailedScenario, element: 'error' | 'skipped'): string {
  return `<testcase classname="${escapeXml(name)}" name="runs"><${element} message="${escapeXml(why)}"/></testcase>`;
}

function suite(
  name: string,
  cases: readonly string[],
  failures: number,
  errors: number,
  totalMs: number,
): string {
  const time = (totalMs / SECOND_MS).toFixed(3);
  return `  <testsuite name="${escapeXml(name)}" tests="${cases.length}" failures="${failures}" errors="${errors}" time="${time}">\n${cases.map((text) => `    ${text}`).join('\n')}\n  </testsuite>`;
}

function testCase(scenario: string, { check, part, link, verdict }: Judgement): string {
  const name = escapeXml([part, check, link].filter((word) => word !== undefined).join(': '));
  const says = escapeXml(verdict.says);
  const open = `<testcase classname="${escapeXml(scenario)}" name="${name}">`;
  switch (verdict.outcome) {
    case 'holds':
      return `${open}<system-out>${says}</system-out></testcase>`;
    case 'fails':
      return `${open}<failure message="${says}"/></testcase>`;
    case 'inconclusive':
      return `${open}<error message="${says}"/></testcase>`;
  }
}

/** Characters XML cannot hold at all are dropped; the five it can only hold escaped are escaped. */
function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD]/g, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&apos;');
}
