/** How often and how patiently resources are looked at, from the environment. */
import { z } from 'zod';
import { RESOURCE_NAMES, type ResourceName, type Thresholds, thresholdVariable } from './resources.ts';

const INTERVAL = 'must be a whole number of ms from 10 to 600000';
const SUSTAINED = 'must be a whole number of ms from 0 to 3600000';
const HYSTERESIS = 'must be a number from 0 to 0.9';
const THRESHOLD = 'must be a number above 0';
const LEVELS = ['warn', 'critical'] as const;

const threshold = z.coerce.number({ error: THRESHOLD }).positive(THRESHOLD).optional();

export const MonitorVariables = z.object({
  MIMO_MONITOR_INTERVAL_MS: z.coerce
    .number({ error: INTERVAL })
    .int(INTERVAL)
    .min(10, INTERVAL)
    .max(600_000, INTERVAL)
    .default(5_000),
  MIMO_MONITOR_SUSTAINED_MS: z.coerce
    .number({ error: SUSTAINED })
    .int(SUSTAINED)
    .min(0, SUSTAINED)
    .max(3_600_000, SUSTAINED)
    .default(30_000),
  MIMO_MONITOR_HYSTERESIS: z.coerce
    .number({ error: HYSTERESIS })
    .min(0, HYSTERESIS)
    .max(0.9, HYSTERESIS)
    .default(0.1),
  ...Object.fromEntries(
    RESOURCE_NAMES.flatMap((resource) =>
      LEVELS.map((level) => [thresholdVariable(resource, level), threshold]),
    ),
  ),
});

export interface MonitorSettings {
  readonly intervalMs: number;
  /** How long a value must stay beyond a threshold to count, in ms. */
  readonly sustainedMs: number;
  /** Share of a threshold that a value must fall below it to count as lower again. */
  readonly hysteresis: number;
  /** Thresholds in place of those that follow from the limits. */
  readonly thresholds: Readonly<Partial<Record<ResourceName, Partial<Thresholds>>>>;
}

/** The settings that these variables mean. */
export function monitorSettingsFrom(variables: z.infer<typeof MonitorVariables>): MonitorSettings {
  const given = variables as Readonly<Record<string, number | undefined>>;
  return {
    intervalMs: variables.MIMO_MONITOR_INTERVAL_MS,
    sustainedMs: variables.MIMO_MONITOR_SUSTAINED_MS,
    hysteresis: variables.MIMO_MONITOR_HYSTERESIS,
    thresholds: Object.fromEntries(
      RESOURCE_NAMES.map((resource) => [
        resource,
        Object.fromEntries(
          LEVELS.map((level) => [level, given[thresholdVariable(resource, level)]]).filter(
            ([, value]) => value !== undefined,
          ),
        ),
      ]),
    ),
  };
}

export const MONITOR_DEFAULT: MonitorSettings = monitorSettingsFrom(MonitorVariables.parse({}));
