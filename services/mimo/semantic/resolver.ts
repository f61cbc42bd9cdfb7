/**
 * Which known entity a text means: the memory of category `entity_anchor` that is most like it. Whoever guesses here
 * joins two people's facts, so a near miss is no match, and two near matches are none either.
 */
import type { GenerateEmbedding } from '../memory/embedder.ts';
import type { Store } from '../memory/store.ts';
import { dot } from '../memory/vector-index.ts';
import type { LinkParts } from '../served.ts';
import type { Trace } from '../trace.ts';
import type { Answers } from './answers.ts';
import type { Node } from './triple.ts';

/** The original's rule: at least so similar, and by so much more than the next. */
const SIMILARITY_MIN = 0.85;
const LEAD_MIN = 0.1;
/** The newest anchors; a scan over them takes about a millisecond. */
const ANCHORS_MAX = 1_000;
const CANDIDATES_MAX = 5;
/** The type of what `store_fact` says something of. */
const ANCHOR_TYPE = 'entity';

export interface Candidate extends Node {
  /** Cosine, from -1 to 1. */
  readonly similarity: number;
}

export interface Resolution {
  readonly status: 'resolved' | 'ambiguous' | 'unknown';
  /** Null unless resolved. */
  readonly node: Node | null;
  /** Most similar first. */
  readonly candidates: readonly Candidate[];
}

export interface ResolverOptions {
  readonly embed: GenerateEmbedding;
  readonly store: Pick<Store, 'anchors'>;
  readonly answers: Answers;
}

export type Resolve = (
  text: string,
  trace: Trace,
) => Promise<{ readonly resolution: Resolution; readonly links: LinkParts }>;

export function createResolver({ embed, store, answers }: ResolverOptions): Resolve {
  return async (text, trace) => {
    const { vector, source } = await embed(text, trace);
    const { answer, database } = await answers.read({
      key: 'anchors',
      run: async (signal) => {
        const anchors = await store.anchors(ANCHORS_MAX, trace, signal);
        const results = anchors.map((anchor) => ({ ...anchor, expires_at: null }));
        return { found: { results, truncated: results.length === ANCHORS_MAX } };
      },
    });
    const links: LinkParts = { ollama: { by: source, ageMs: null }, database };
    // A hash vector says nothing about a real one.
    const comparable = source === 'live' ? answer.found.results : [];
    const candidates = comparable
      .map((anchor) => ({
        type: ANCHOR_TYPE,
        id: anchor.content,
        similarity: dot(vector, anchor.vector),
      }))
      .sort((a, b) => b.similarity - a.similarity);
    return { resolution: resolve(candidates), links };
  };
}

/** Candidates come most similar first; several anchors of one entity are one candidate. */
export function resolve(candidates: readonly Candidate[]): Resolution {
  const byId = new Map<string, Candidate>();
  for (const candidate of candidates) if (!byId.has(candidate.id)) byId.set(candidate.id, candidate);
  const [best, next, ...others] = byId.values();
  if (best === undefined) return { status: 'unknown', node: null, candidates: [] };
  const told = [best, ...(next === undefined ? [] : [next]), ...others].slice(0, CANDIDATES_MAX);
  if (best.similarity < SIMILARITY_MIN) return { status: 'unknown', node: null, candidates: told };
  const lead = best.similarity - (next?.similarity ?? Number.NEGATIVE_INFINITY);
  if (lead <= LEAD_MIN) return { status: 'ambiguous', node: null, candidates: told };
  return { status: 'resolved', node: { type: best.type, id: best.id }, candidates: told };
}
