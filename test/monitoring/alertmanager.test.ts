/** A real Alertmanager with our routes: who hears of what, and what is held back. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect } from '@jest/globals';
import { parse, stringify } from 'yaml';
import { buildAlerts, type Heard } from '../../services/alerts/server.ts';
import { eventually } from '../support/processes.ts';
import { type Daemon, daemon, monitoringHere } from '../support/prometheus.ts';
import { MONITORING } from '../support/rules.ts';
import { testWith } from '../support/toxiproxy.ts';

const { alertmanager, alertmanagerProgram } = await monitoringHere();
const withAlertmanager = testWith({ alertmanager });

const HEARD_LIMIT_MS = 15_000;

let dir: string;
let heard: Heard[];
let sink: ReturnType<typeof buildAlerts>;
let running: Daemon;

beforeEach(async () => {
  if (alertmanager !== null) return;
  dir = await mkdtemp(path.join(os.tmpdir(), 'mimo-alerts-'));
  heard = [];
  sink = buildAlerts((one) => heard.push(one));
  const url = await sink.listen({ host: '127.0.0.1', port: 0 });
  const file = path.join(dir, 'alertmanager.yml');
  await writeFile(file, withSink(await readFile(path.join(MONITORING, 'alertmanager.yml'), 'utf8'), url));
  running = await daemon(alertmanagerProgram, (port) => [
    `--config.file=${file}`,
    `--storage.path=${dir}`,
    `--web.listen-address=127.0.0.1:${port}`,
    '--cluster.listen-address=',
  ]);
});

afterEach(async () => {
  if (alertmanager !== null) return;
  await running?.[Symbol.asyncDispose]();
  await sink.close();
  await rm(dir, { recursive: true, force: true });
});

/** The config as it is, with our sink where `alerts` stands and shorter waits for company. */
function withSink(text: string, url: string): string {
  const config = parse(text.replaceAll('http://alerts:8080', url));
  for (const route of [config.route, ...config.route.routes])
    Object.assign(route, { group_wait: '500ms', group_interval: '200ms' });
  return stringify(config);
}

/**
 * Tells Alertmanager that these fire, or no longer do, as Prometheus would: firing since now. A group with an alert
 * older than its `group_wait` is sent at once, which may be before Alertmanager has weighed what holds it back.
 */
async function tell(
  alerts: readonly (readonly [string, Record<string, string>])[],
  over = false,
): Promise<void> {
  const nowMs = Date.now();
  const startsAt = new Date(nowMs).toISOString();
  const endsAt = new Date(nowMs + (over ? 0 : 600_000)).toISOString();
  const answer = await fetch(`${running.url}/api/v2/alerts`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(
      alerts.map(([alertname, labels]) => ({
        labels: { alertname, service: 'mimo', ...labels },
        startsAt,
        endsAt,
      })),
    ),
  });
  expect(answer.status).toBe(200);
}

/** Alerts that Alertmanager holds back, by name. */
async function inhibited(): Promise<string[]> {
  const answer = await fetch(`${running.url}/api/v2/alerts`);
  const alerts = (await answer.json()) as {
    labels: { alertname: string };
    status: { inhibitedBy: string[] };
  }[];
  return alerts.filter(({ status }) => status.inhibitedBy.length > 0).map(({ labels }) => labels.alertname);
}

const names = (receiver: string, status = 'firing'): string[] => [
  ...new Set(
    heard.filter((each) => each.receiver === receiver && each.status === status).map(({ alert }) => alert),
  ),
];

const queueWarns = ['MimoWriteQueueFilling', { severity: 'warning', component: 'queue' }] as const;
const queueCritical = ['MimoWriteQueueNearlyFull', { severity: 'critical', component: 'queue' }] as const;
const memoryWarns = ['MimoMemoryWarning', { severity: 'warning', component: 'memory' }] as const;
const llmWarns = ['MimoBreakerOpen', { severity: 'warning', component: 'llm', link: 'llm' }] as const;
const down = ['MimoDown', { severity: 'critical', component: 'process' }] as const;

describe('Alertmanager', () => {
  withAlertmanager(
    'tells the team of a warning and who is on call of what is critical, and that it is over',
    async () => {
      await tell([memoryWarns, queueCritical]);
      await eventually(
        'both to hear',
        HEARD_LIMIT_MS,
        async () =>
          names('team').includes('MimoMemoryWarning') &&
          names('on-call').includes('MimoWriteQueueNearlyFull'),
      );
      expect(names('on-call')).not.toContain('MimoMemoryWarning');
      await tell([memoryWarns, queueCritical], true);
      await eventually(
        'both to hear the end',
        HEARD_LIMIT_MS,
        async () =>
          names('team', 'resolved').includes('MimoMemoryWarning') &&
          names('on-call', 'resolved').includes('MimoWriteQueueNearlyFull'),
      );
    },
    60_000,
  );

  withAlertmanager(
    'holds a warning back behind what is critical of the same component, and of no other',
    async () => {
      await tell([queueCritical, queueWarns, memoryWarns, llmWarns]);
      await eventually('the others to be heard', HEARD_LIMIT_MS, async () =>
        ['MimoMemoryWarning', 'MimoBreakerOpen'].every((name) => names('team').includes(name)),
      );
      expect(await inhibited()).toEqual(['MimoWriteQueueFilling']);
      expect(names('team')).not.toContain('MimoWriteQueueFilling');
      await tell([queueCritical], true);
      await eventually('the warning, now that nothing stands before it', HEARD_LIMIT_MS, async () =>
        names('team').includes('MimoWriteQueueFilling'),
      );
    },
    60_000,
  );

  withAlertmanager(
    'holds everything back while the process is down, but that',
    async () => {
      await tell([
        down,
        queueCritical,
        memoryWarns,
        ['Other', { service: 'other', severity: 'warning', component: 'x' }],
      ]);
      await eventually(
        'the rest to be heard',
        HEARD_LIMIT_MS,
        async () => names('on-call').includes('MimoDown') && names('team').includes('Other'),
      );
      expect((await inhibited()).sort()).toEqual(['MimoMemoryWarning', 'MimoWriteQueueNearlyFull']);
      expect(names('on-call')).toEqual(['MimoDown']);
    },
    60_000,
  );
});
