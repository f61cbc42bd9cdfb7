/**
 * Where an answer came from. Each link an answer used is one part; the answer is as good as its worst
 * part, and says so in body and headers, so that no caller takes a substitute for the real thing.
 */
import type { LinkName } from './policy.ts';

/** From best to worst. `backup`: real, but not of the first provider; `rules`: by rules instead of the LLM. */
const ORDER = ['live', 'backup', 'hash', 'memory', 'cached', 'rules', 'default'] as const;
export type ServedBy = (typeof ORDER)[number];

export interface Part {
  readonly by: ServedBy;
  /** Age of what was served, in ms; null where it was made just now. */
  readonly ageMs: number | null;
}

export type LinkParts = Readonly<Partial<Record<LinkName, Part>>>;

export interface Served extends Part {
  readonly links: LinkParts;
}

export type Mark = (links: LinkParts) => Served;

/** The mark of an answer with these parts: its worst origin and its greatest age. */
export const markServed: Mark = (links) => {
  const parts = Object.values(links);
  const worst = Math.max(0, ...parts.map((part) => ORDER.indexOf(part.by)));
  const by = ORDER[worst] ?? 'default';
  // A degraded answer always tells an age; a substitute made just now has the age 0.
  const ageMs = by === 'live' ? null : Math.max(0, ...parts.map((part) => part.ageMs ?? 0));
  return { by, ageMs, links };
};

/** The worse of two parts of the same link: one use of it may have succeeded and the other not. */
export function worsePart(one: Part, other: Part): Part {
  return ORDER.indexOf(other.by) > ORDER.indexOf(one.by) ? other : one;
}

/** The mark as HTTP headers. */
export function servedHeaders(served: Served): Record<string, string> {
  const headers: Record<string, string> = { 'served-by': served.by };
  for (const [link, part] of Object.entries(served.links)) headers[`served-by-${link}`] = part.by;
  if (served.ageMs !== null) headers['age-ms'] = String(served.ageMs);
  return headers;
}
