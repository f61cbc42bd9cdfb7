/** Lays a measured policy beside a declared one, or beside what was measured before. */
import { type Finding, type MeasuredPolicy, QUANTITIES, type QuantityName } from '../model/measured.ts';
import type { Declared } from './declared/declared.ts';

/** `same`; `drift`: both are known and differ; `unknown`: it could not be measured. */
export type Comparison = 'same' | 'drift' | 'unknown';

export interface Row {
  name: QuantityName;
  declared: number | string | boolean | null;
  measured: Finding;
  outcome: Comparison;
}

/** Times are the same within this, beside their intervals: what a timer and an event loop add. */
const TIME_SHARE = 0.05;
const TIME_MS = 10;
/** Rates are the same within this. */
const RATE = 0.03;

/** One row for each quantity that is declared. */
export function compare(declared: Declared, measured: Pick<MeasuredPolicy, 'findings'>): Row[] {
  return namesOf(declared).map((name) => {
    const value = declared[name] ?? null;
    const finding = findingFor(name, value, measured.findings);
    return { name, declared: value, measured: finding, outcome: outcomeOf(name, value, finding) };
  });
}

/** What a lock file holds against a new measurement: a row for each quantity that was known when it was written. */
export function compareWithLock(lock: MeasuredPolicy, measured: MeasuredPolicy): Row[] {
  return (Object.keys(QUANTITIES) as QuantityName[]).flatMap((name) => {
    const before = lock.findings[name];
    if (before === undefined || !before.known || NOT_LOCKED.has(name)) return [];
    const now = measured.findings[name] ?? { known: false, why: 'not measured' };
    return [{ name, declared: before.value, measured: now, outcome: overlap(name, before, now) }];
  });
}

/** Depends on the machine, not on the policy. */
const NOT_LOCKED: ReadonlySet<QuantityName> = new Set(['rejection.ms', 'timeout.callMs']);

function namesOf(declared: Declared): QuantityName[] {
  return (Object.keys(QUANTITIES) as QuantityName[]).filter((name) => declared[name] !== undefined);
}

/** A declared limit of an attempt is kept by whichever timer ends it first. */
function findingFor(
  name: QuantityName,
  value: Row['declared'],
  findings: MeasuredPolicy['findings'],
): Finding {
  const own = findings[name] ?? { known: false as const, why: 'not measured' };
  if (name !== 'timeout.headersMs' || (own.known && own.value !== null) || value === null) return own;
  return findings['timeout.totalMs'] ?? own;
}

function outcomeOf(name: QuantityName, declared: Row['declared'], finding: Finding): Comparison {
  if (!finding.known) return 'unknown';
  const { value, low, high } = finding;
  if (typeof declared === 'number' && value === null)
    // None was seen below `low`: a limit beyond it contradicts nothing.
    return low !== undefined && declared >= low ? 'unknown' : 'drift';
  if (typeof declared !== 'number' || typeof value !== 'number') return declared === value ? 'same' : 'drift';
  const slack = slackOf(name, declared);
  const isWithin =
    declared >= (low ?? value) - slack && (high === null || declared <= (high ?? value) + slack);
  return isWithin ? 'same' : 'drift';
}

function overlap(name: QuantityName, before: Extract<Finding, { known: true }>, now: Finding): Comparison {
  if (!now.known) return 'unknown';
  if (typeof before.value !== 'number' || typeof now.value !== 'number')
    return before.value === now.value ? 'same' : 'drift';
  const slack = slackOf(name, before.value);
  const [low, high] = [before.low ?? before.value, before.high ?? before.value];
  const [nowLow, nowHigh] = [now.low ?? now.value, now.high ?? now.value];
  const isApart =
    (before.high !== null && nowLow > high + slack) || (now.high !== null && nowHigh < low - slack);
  return isApart ? 'drift' : 'same';
}

function slackOf(name: QuantityName, value: number): number {
  if (name.endsWith('Ms')) return Math.max(TIME_MS, TIME_SHARE * value);
  if (name === 'breaker.failureRate' || name === 'retry.jitterShare') return RATE;
  return name === 'retry.factor' || name === 'breaker.openGrowth' ? 0.1 : 0;
}
