/**
 * What a run has made on an API that is not its own, and what it found there: as data, so that whoever
 * outlives the run (its guardian, `tripcurve heal`) can undo the one and restore the other.
 */
import { z } from 'zod';

/** Everything of ours on a foreign API bears a name that begins so. */
const PREFIX = 'tripcurve-';

/** The name of a fault of a run where others have theirs. */
export function madeName(run: string, fault: string): string {
  return `${PREFIX}${run}-${fault}`;
}

/** The way back; null where the name is not one of this run's. */
export function faultOf(run: string, name: string): string | null {
  const prefix = madeName(run, '');
  return name.startsWith(prefix) ? name.slice(prefix.length) : null;
}

/** Whether a name is one of a run's; `null`: of any run's. */
export function isMadeBy(run: string | null, name: string): boolean {
  return name.startsWith(run === null ? PREFIX : madeName(run, ''));
}

/** Links of ours, or a real Toxiproxy, which knows neither faults above TCP nor shadows. */
export const Dialect = z.enum(['links', 'toxiproxy']);
export type Dialect = z.infer<typeof Dialect>;

const Toxic = z.object({
  name: z.string(),
  type: z.string(),
  stream: z.string(),
  toxicity: z.number(),
  attributes: z.record(z.string(), z.unknown()),
});

/** A proxy as an API showed it. Toxiproxy adds a stray "Logger" to each, so what is not known is left out. */
export const Shown = z.object({
  name: z.string(),
  listen: z.string(),
  upstream: z.string(),
  enabled: z.boolean(),
  toxics: z.array(Toxic),
  /** What our links read on it; tcp is left out. */
  protocol: z.string().optional(),
  faults: z.array(z.object({ name: z.string() })).optional(),
});
export type Shown = z.infer<typeof Shown>;

/** A proxy as it was before the first fault. */
export const Found = z.object({ url: z.string(), dialect: Dialect, proxy: Shown });
export type Found = z.infer<typeof Found>;

/**
 * Something that a run made on a proxy. `disabled`: it was enabled before. `removed`: taken away to be made
 * anew, which is not done yet. `perhaps-removed`: an API that did not answer was asked to, and may do it yet.
 */
export const Made = z.object({
  url: z.string(),
  dialect: Dialect,
  proxy: z.string(),
  what: z.enum(['toxic', 'fault', 'shadow', 'disabled', 'removed', 'perhaps-removed']),
  /** Empty for what concerns the proxy as a whole. */
  name: z.string(),
  /** How long a real Toxiproxy may wait before it can remove a toxic, ms; every call waits with it. */
  waitsMs: z.number().optional(),
});
export type Made = z.infer<typeof Made>;

export function isSameMade(a: Made, b: Made): boolean {
  return a.url === b.url && a.proxy === b.proxy && a.what === b.what && a.name === b.name;
}

/** In words: `tripcurve-1-f0-latency on openai at http://127.0.0.1:8474`. */
export function madeText({ url, proxy, what, name }: Made): string {
  return name === '' ? `${proxy} ${what} at ${url}` : `${name} on ${proxy} at ${url}`;
}
