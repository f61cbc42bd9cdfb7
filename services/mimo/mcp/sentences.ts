/** What is missing, in words for a model or a person. */
import type { LinkParts, Part, ServedBy } from '../served.ts';

const MS_PER_S = 1_000;

/** What a marked answer is to be read with. */
export function noteOn({ by, ageMs }: Part, isWrite: boolean): string {
  switch (by) {
    case 'live':
      return '';
    case 'backup':
      return 'The first LLM cannot be asked; a backup answered.';
    case 'hash':
      return isWrite
        ? 'The embedding service cannot be asked; until it is back only the exact text finds this memory.'
        : 'The embedding service cannot be asked; only exact repeats of the text were looked for.';
    case 'memory':
      return isWrite
        ? 'The database cannot be asked; the memory waits on disk and is stored when it is back.'
        : `The database cannot be asked; what was found is as of ${secondsOf(ageMs)} s ago.`;
    case 'cached':
      return `The LLM cannot be asked; this is its answer to the same question of ${secondsOf(ageMs)} s ago.`;
    case 'rules':
      return 'The LLM cannot be asked for the kind of the question; rules told it.';
    case 'default':
      return 'The LLM cannot be asked.';
    default:
      return by satisfies never;
  }
}

/** What each origin says of the link, where nothing could be served. */
const AWAY: Readonly<Partial<Record<ServedBy, string>>> = {
  hash: 'the embedding service cannot be asked',
  memory: 'the database cannot be asked',
  default: 'the LLM cannot be asked and has not answered this question before',
};

export interface Outage {
  readonly links: readonly string[];
  readonly sentence: string;
  /** When a new try makes sense, in ms: a breaker has looked again by then. */
  readonly retry_after_ms: number;
}

/** Which links an answer failed for. */
export function outageOf(links: LinkParts): Outage {
  const away = Object.entries(links).filter(([, part]) => AWAY[part.by] !== undefined);
  const reasons = away.map(([, part]) => AWAY[part.by]);
  return {
    links: away.map(([link]) => link),
    sentence: `No answer: ${reasons.join(', ')}. Try again in a moment.`,
    retry_after_ms: MS_PER_S,
  };
}

function secondsOf(ageMs: number | null): number {
  return Math.round((ageMs ?? 0) / MS_PER_S);
}
