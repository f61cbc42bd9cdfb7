/** How an answer says from where it was served: read from its headers, whoever has received them. */
import type { Config } from '../model/config.ts';
import type { RequestEvent } from '../model/history.ts';

/** What a request event says of how it was served. */
export type Served = Pick<RequestEvent, 'servedBy' | 'served' | 'ageMs'>;

export const NOT_SERVED: Served = { servedBy: null, served: {}, ageMs: null };

/** Where to look for it. */
export interface ServedSource {
  served: Config['served'];
  links: readonly string[];
}

/** The headers that {@link servedOf} reads, in lower case. */
export function servedHeaders({ served, links }: ServedSource): string[] {
  if (served === undefined) return [];
  const perLink = links.map((link) => served.perLinkHeader?.replace('{{link}}', link));
  const names = [served.header, served.ageMsHeader, ...perLink].filter((name) => name !== undefined);
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

/** Reads it from an answer's headers, whose names are in lower case. */
export function servedOf(
  headers: Readonly<Record<string, string | string[] | undefined>>,
  { served, links }: ServedSource,
): Served {
  if (served === undefined) return NOT_SERVED;
  const read = (name: string | undefined): string | null => {
    const value = name === undefined ? undefined : headers[name.toLowerCase()];
    return typeof value === 'string' ? value : null;
  };
  const perLink: Record<string, string> = {};
  for (const link of links) {
    const by = read(served.perLinkHeader?.replace('{{link}}', link));
    if (by !== null) perLink[link] = by;
  }
  const ageMs = Number(read(served.ageMsHeader) ?? Number.NaN);
  return { servedBy: read(served.header), served: perLink, ageMs: Number.isNaN(ageMs) ? null : ageMs };
}
