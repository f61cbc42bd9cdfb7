/** Rules, routes and panels by themselves: what Prometheus' and Alertmanager's own tools say, and what we promise. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { monitoringHere, ran } from '../support/prometheus.ts';
import { durationMs, seriesOf, withShorterRanges } from '../support/promql.ts';
import { MONITORING, readDashboards, readRules, readYaml } from '../support/rules.ts';
import { testWith } from '../support/toxiproxy.ts';
import { REPOSITORY } from '../support/workshop.ts';

const here = await monitoringHere();
const { promtool, amtool } = here;
const withPromtool = testWith({ promtool });
const withAmtool = testWith({ amtool });

const rules = (await readRules()).groups.flatMap((group) => group.rules);
const names = [...new Set(rules.map(({ alert }) => alert))];
const testFiles = await readdir(path.join(MONITORING, 'tests'));
const dashboards = await readDashboards();
const panels = dashboards.flatMap((dashboard) => dashboard.panels);

describe('the rules', () => {
  withPromtool('are taken by promtool, and so is the config', async () => {
    expect(await ran('promtool', 'check', 'rules', path.join(MONITORING, 'rules/mimo.yml'))).toContain(
      'SUCCESS',
    );
    expect(await ran('promtool', 'check', 'config', path.join(MONITORING, 'prometheus.yml'))).toContain(
      'SUCCESS',
    );
  });

  test.each(testFiles)('%s is there', (file) => expect(file).toMatch(/\.yml$/));
  for (const file of testFiles)
    withPromtool(`fire and resolve as ${file} says`, async () => {
      expect(await ran('promtool', 'test', 'rules', path.join(MONITORING, 'tests', file))).toContain(
        'SUCCESS',
      );
    });

  test.each(names)('%s is tested: it fires, and it does not', async (name) => {
    const told = await Promise.all(
      testFiles.map((file) =>
        readYaml<{ tests: { alert_rule_test: { alertname: string; exp_alerts: unknown[] }[] }[] }>(
          `tests/${file}`,
        ),
      ),
    );
    const checks = told
      .flatMap(({ tests }) => tests.flatMap((each) => each.alert_rule_test))
      .filter(({ alertname }) => alertname === name);
    expect(checks.some(({ exp_alerts }) => exp_alerts.length > 0)).toBe(true);
    expect(checks.some(({ exp_alerts }) => exp_alerts.length === 0)).toBe(true);
  });

  test.each(rules.map((rule) => [rule.alert, rule] as const))(
    '%s has the labels that routes and inhibition go by, and its page',
    async (name, { labels, annotations }) => {
      expect(labels).toMatchObject({
        service: 'mimo',
        severity: expect.stringMatching(/^(warning|critical)$/),
        component: expect.any(String),
      });
      const [file = '', anchor] = annotations.runbook.split('#');
      expect(anchor).toBe(name.toLowerCase());
      expect(await readFile(path.join(REPOSITORY, file), 'utf8')).toContain(`\n### ${name}\n`);
    },
  );

  test('each series that a rule reads has one that tells of its absence', () => {
    const watched = rules
      .filter(({ alert }) => alert === 'MimoSeriesAbsent')
      .map(({ labels }) => labels.series);
    const read = new Set(rules.flatMap(({ expr }) => seriesOf(expr)));
    read.delete('up'); // Prometheus makes it itself; MimoTargetAbsent tells of its absence
    expect(watched.sort()).toEqual([...read].sort());
  });

  test('no alert waits longer than the state it tells of lasts by itself', () => {
    // A breaker of the shortest open time must be told of while it is open, with scrapes as far apart as they are.
    const open = rules.find(({ alert }) => alert === 'MimoBreakerOpen');
    const DATABASE_OPEN_MS = 30_000;
    expect(durationMs(open?.for ?? '')).toBeLessThanOrEqual(DATABASE_OPEN_MS / 2);
  });
});

describe('the routes', () => {
  const config = path.join(MONITORING, 'alertmanager.yml');

  withAmtool('are taken by amtool', async () => {
    expect(await ran('amtool', 'check-config', config)).toContain('SUCCESS');
  });

  for (const [severity, receiver] of [
    ['critical', 'on-call'],
    ['warning', 'team'],
  ] as const)
    withAmtool(`bring what is ${severity} to ${receiver}`, async () => {
      const labels = ['service=mimo', `severity=${severity}`, 'component=queue'];
      await ran(
        'amtool',
        'config',
        'routes',
        'test',
        `--config.file=${config}`,
        `--verify.receivers=${receiver}`,
        ...labels,
      );
    });

  test('end at receivers that tell somebody', async () => {
    const { receivers } = await readYaml<{ receivers: { name: string; webhook_configs?: unknown[] }[] }>(
      'alertmanager.yml',
    );
    for (const { webhook_configs = [] } of receivers) expect(webhook_configs).not.toEqual([]);
  });
});

describe('the dashboard', () => {
  test('has at least ten panels, each with queries, a description and a place of its own', () => {
    expect(panels.length).toBeGreaterThanOrEqual(10);
    for (const { targets, description, title } of panels) {
      expect(targets).not.toEqual([]);
      expect(description).not.toBe('');
      expect(title).not.toBe('');
    }
    expect(new Set(panels.map(({ gridPos }) => `${gridPos.x},${gridPos.y}`)).size).toBe(panels.length);
    expect(new Set(panels.map(({ id }) => id)).size).toBe(panels.length);
  });

  test('reads the data source that is provided, from the folder that is mounted', async () => {
    const { datasources } = await readYaml<{ datasources: { uid: string }[] }>(
      'grafana/provisioning/datasources/prometheus.yml',
    );
    for (const { datasource } of panels) expect(datasource.uid).toBe(datasources[0]?.uid);
    const { providers } = await readYaml<{ providers: { options: { path: string } }[] }>(
      'grafana/provisioning/dashboards/mimo.yml',
    );
    const compose = await readFile(path.join(REPOSITORY, 'docker-compose.yml'), 'utf8');
    expect(compose).toContain(`- ./monitoring/grafana/dashboards:${providers[0]?.options.path}:ro`);
  });
});

describe('the reader of queries', () => {
  test.each([
    [
      'sum by (job, le) (rate(a_bucket{x="y{z}",le=~"b|c"}[5m])) / on (d) group_left () e > 0.5',
      ['a_bucket', 'e'],
    ],
    ['absent(f{job="mimo"}) and on () (max(up{job="mimo"}) == 1)', ['f', 'up']],
    ['vector(1) or g offset 5m unless h > bool 1e3', ['g', 'h']],
  ])('finds the series of %s', (expression, series) => expect(seriesOf(expression)).toEqual(series));

  test('shortens ranges and nothing else', () => {
    expect(withShorterRanges('rate(a{b="[5m]x"}[1m30s]) > 5', 60)).toBe('rate(a{b="[5m]x"}[1500ms]) > 5');
  });
});
