/**
 * Reads of the semantic store through the database's guard. When it cannot answer, the last good answer to the
 * same question is served, marked with its age and without what has expired since; where there is none, nobody
 * is told that nothing was found.
 */
import { LRUCache } from 'lru-cache';
import { isLinkError, RequestRefused } from '../resilience/faults.ts';
import type { Guard } from '../resilience/guard.ts';
import type { Part } from '../served.ts';
import type { Found } from './triple.ts';

/** Neither the store nor an earlier answer of it can be had: the caller should come back. */
export class SemanticUnavailable extends Error {
  override readonly name = 'SemanticUnavailable';
}

/** Lists by name, as an answer holds them: most have one, relationships two. */
export type Answer = Readonly<Record<string, Found<{ readonly expires_at: string | null }>>>;

export interface Answered<T> {
  readonly answer: T;
  readonly database: Part;
}

export interface Read<T extends Answer> {
  /** Two questions with one key have one answer. */
  readonly key: string;
  readonly run: (signal: AbortSignal) => Promise<T>;
  /** Results hold only together: where one has expired, the others may no longer answer the question. */
  readonly isWhole?: boolean;
}

export interface Answers {
  /** Results kept for an outage. */
  readonly kept: number;
  readonly keptMax: number;
  /** @throws SemanticUnavailable, or RequestRefused where the question itself is at fault. */
  read<T extends Answer>(read: Read<T>): Promise<Answered<T>>;
}

/** Some 25 MB of triples. */
const KEPT_RESULTS_MAX = 50_000;
/** What an agent knew some minutes ago is worth more than nothing; what it knew an hour ago may mislead. */
export const ANSWER_AGE_MS_MAX = 300_000;

export function createAnswers(guard: Guard, ageMsMax: number = ANSWER_AGE_MS_MAX): Answers {
  const kept = new LRUCache<string, { answer: Answer; atMs: number }>({
    maxSize: KEPT_RESULTS_MAX,
    // An empty answer takes a place too.
    sizeCalculation: ({ answer }) =>
      1 + Object.values(answer).reduce((n, { results }) => n + results.length, 0),
  });
  return {
    get kept() {
      return kept.calculatedSize;
    },
    keptMax: KEPT_RESULTS_MAX,
    async read<T extends Answer>({ key, run, isWhole = false }: Read<T>) {
      try {
        const answer = await guard.call(run);
        kept.set(key, { answer, atMs: performance.now() });
        return { answer, database: { by: 'live', ageMs: null } };
      } catch (error) {
        if (!isLinkError(error) || (error instanceof RequestRefused && error.kind === 'request')) throw error;
        const found = kept.get(key);
        const ageMs = found === undefined ? 0 : Math.round(performance.now() - found.atMs);
        const answer = found === undefined || ageMs > ageMsMax ? null : stillTrue(found.answer, isWhole);
        if (answer === null)
          throw new SemanticUnavailable(`semantic store: ${error.message}`, { cause: error });
        // The same key was asked with the same type of answer.
        return { answer: answer as T, database: { by: 'cached', ageMs } };
      }
    },
  };
}

/** The answer without what has expired; null where that makes it no answer. */
function stillTrue(answer: Answer, isWhole: boolean): Answer | null {
  const now = Date.now();
  const isOver = ({ expires_at }: { expires_at: string | null }): boolean =>
    expires_at !== null && Date.parse(expires_at) <= now;
  if (isWhole && Object.values(answer).some(({ results }) => results.some(isOver))) return null;
  const entries = Object.entries(answer).map(([name, { results, truncated }]) => {
    const held = results.filter((result) => !isOver(result));
    return [name, { results: held, truncated }];
  });
  return Object.fromEntries(entries);
}
