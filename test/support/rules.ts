/** The rules and panels of monitoring/ as data, and a copy of the rules with all times shorter. */
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { parse, stringify } from 'yaml';
import { durationMs, withShorterRanges } from './promql.ts';
import { REPOSITORY } from './workshop.ts';

export const MONITORING = path.join(REPOSITORY, 'monitoring');

export interface AlertRule {
  alert: string;
  expr: string;
  /** How long it must be so; left out: not at all. */
  for?: string;
  labels: Record<string, string>;
  annotations: { summary: string; runbook: string };
}

export interface RuleFile {
  groups: { name: string; rules: AlertRule[] }[];
}

export async function readYaml<T>(file: string): Promise<T> {
  return parse(await readFile(path.join(MONITORING, file), 'utf8')) as T;
}

export async function readRules(): Promise<RuleFile> {
  return readYaml<RuleFile>('rules/mimo.yml');
}

/** Everything that waits or looks back, so many times shorter; expressions stay as they are otherwise. */
export function shorter({ groups }: RuleFile, factor: number): string {
  return stringify({
    groups: groups.map(({ name, rules }) => ({
      name,
      rules: rules.map((rule) => ({
        ...rule,
        expr: withShorterRanges(rule.expr, factor),
        ...(rule.for === undefined ? {} : { for: `${durationMs(rule.for) / factor}ms` }),
      })),
    })),
  });
}

export interface Dashboard {
  annotations: { list: { expr: string }[] };
  panels: {
    id: number;
    title: string;
    description: string;
    type: string;
    datasource: { uid: string };
    gridPos: { x: number; y: number; w: number; h: number };
    targets: { expr: string }[];
  }[];
}

export async function readDashboards(): Promise<Dashboard[]> {
  const folder = path.join(MONITORING, 'grafana', 'dashboards');
  const files = await readdir(folder);
  return Promise.all(
    files.map(async (file) => JSON.parse(await readFile(path.join(folder, file), 'utf8')) as Dashboard),
  );
}
