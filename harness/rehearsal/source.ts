/** Writes a scenario as the source of a scenario file, as a person would have typed it. Pure. */
import type { Scenario, Step } from '../model/scenario.ts';

/** What a saved scenario has before its first fault, ms: long enough to prove a steady state. */
const STEADY_MS = 1_500;

/** Times are rounded to this, ms: nobody's hand is finer. */
const ROUNDED_TO_MS = 10;

/** The scenario with the wait before its first fault cut to what a steady state needs. */
export function tightened(scenario: Scenario, name: string): Scenario {
  const firstMs = Math.min(...scenario.timeline.map(({ at }) => at));
  const round = (ms: number): number =>
    Math.max(ROUNDED_TO_MS, Math.round(ms / ROUNDED_TO_MS) * ROUNDED_TO_MS);
  const timeline = scenario.timeline.map((step): Step => {
    const at = round(step.at - firstMs + STEADY_MS);
    return !('forMs' in step) || step.forMs === undefined
      ? { ...step, at }
      : { ...step, at, forMs: round(step.forMs) };
  });
  return { ...scenario, name, timeline, recovery: { withinMs: round(scenario.recovery.withinMs) } };
}

/** @param define path of harness/scenario/define.ts as the file must import it */
export function sourceOf(scenario: Scenario, define: string): string {
  return `import { defineScenario } from '${define}';\n\nexport default defineScenario(${literal(scenario, '')});\n`;
}

/** A value as TypeScript writes it: bare keys, single quotes, a trailing comma where lines are broken. */
function literal(value: unknown, indent: string): string {
  if (typeof value === 'string')
    return `'${value.replaceAll('\\', '\\\\').replaceAll("'", "\\'").replaceAll('\n', '\\n')}'`;
  if (typeof value === 'number')
    return value.toString().replaceAll(/\B(?=(\d{3})+(?!\d))/g, Number.isInteger(value) ? '_' : '');
  if (value === null || typeof value !== 'object') return String(value);
  const inner = `${indent}  `;
  const parts = Array.isArray(value)
    ? value.map((item) => literal(item, inner))
    : Object.entries(value)
        .filter(([, item]) => item !== undefined)
        .map(
          ([key, item]) => `${/^[A-Za-z_$][\w$]*$/.test(key) ? key : `'${key}'`}: ${literal(item, inner)}`,
        );
  const [open, close] = Array.isArray(value) ? ['[', ']'] : ['{', '}'];
  const pad = Array.isArray(value) ? '' : ' ';
  const short = `${open}${pad}${parts.join(', ')}${pad}${close}`;
  if (parts.length === 0) return open + close;
  if (!short.includes('\n') && indent.length + short.length < 90 && indent !== '') return short;
  return `${open}\n${parts.map((part) => `${inner}${part},\n`).join('')}${indent}${close}`;
}
