/** How an answer says from where it was served: read from its headers, status and body, whoever has received them. */
import type { RequestEvent } from '../model/history.ts';
import { wordAt } from '../model/json-path.ts';
import type { ServedConfig } from '../model/outcome.ts';

/** What a request event says of how it was served. */
export type Served = Pick<RequestEvent, 'servedBy' | 'served' | 'ageMs'>;

export const NOT_SERVED: Served = { servedBy: null, served: {}, ageMs: null };

/** Where to look for it. */
export interface ServedSource {
  served: ServedConfig | undefined;
  links: readonly string[];
}

/** An answer, as far as it is looked at here. */
export interface AnswerSeen {
  status: number;
  /** Names in lower case. */
  headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Left out: it was not kept. */
  text?: string | undefined;
}

/** Whether the body has to be kept for {@link servedOf}. */
export function readsBody(served: ServedConfig | undefined): boolean {
  return served?.json !== undefined || served?.ageMsJson !== undefined;
}

/** The headers that {@link servedOf} reads, in lower case. */
export function servedHeaders({ served, links }: ServedSource): string[] {
  if (served === undefined) return [];
  const perLink = links.map((link) => served.perLinkHeader?.replace('{{link}}', link));
  const names = [served.header, served.ageMsHeader, ...perLink].filter((name) => name !== undefined);
  return [...new Set(names.map((name) => name.toLowerCase()))];
}

/** Reads it from an answer. */
export function servedOf({ status, headers, text }: AnswerSeen, { served, links }: ServedSource): Served {
  if (served === undefined) return NOT_SERVED;
  const body = readsBody(served) ? parsed(text) : undefined;
  const header = (name: string | undefined): string | null => {
    const value = name === undefined ? undefined : headers[name.toLowerCase()];
    return typeof value === 'string' ? value : null;
  };
  const field = (path: string | undefined): string | null => (path === undefined ? null : wordAt(body, path));
  const way = (word: string | null): string | null =>
    word === null ? null : (ownValue(served.ways, word) ?? word);
  const perLink: Record<string, string> = {};
  for (const link of links) {
    const by = way(header(served.perLinkHeader?.replace('{{link}}', link)));
    if (by !== null) perLink[link] = by;
  }
  const age = header(served.ageMsHeader) ?? field(served.ageMsJson);
  const ageMs = age === null || age.trim() === '' ? Number.NaN : Number(age);
  return {
    servedBy: ownValue(served.status, String(status)) ?? way(header(served.header) ?? field(served.json)),
    served: perLink,
    ageMs: Number.isNaN(ageMs) ? null : ageMs,
  };
}

function ownValue(record: Readonly<Record<string, string>>, key: string): string | undefined {
  return Object.hasOwn(record, key) ? record[key] : undefined;
}

function parsed(text: string | undefined): unknown {
  try {
    return JSON.parse(text ?? '');
  } catch {
    return undefined; // no JSON, so it says nothing
  }
}
