/**
 * The ask path: embed the question, classify it where the router is on, recall memories, consult the chief of
 * staff. Every stage has a substitute, so an answer always comes; each stage reports where its part came from.
 */
import type { Classification, Classify } from './classify/classifier.ts';
import type { StoreName } from './classify/rules.ts';
import type { AnswerFallback } from './llm/answer-cache.ts';
import type { Chain } from './llm/chain.ts';
import type { ChatMessage, Finish } from './llm/client.ts';
import { chiefOfStaffPrompt } from './llm/consult.ts';
import type { GenerateEmbedding } from './memory/embedder.ts';
import type { Category } from './memory/engram.ts';
import type { Recall } from './memory/recall.ts';
import type { Recalled } from './memory/vector-index.ts';
import { isLinkError } from './resilience/faults.ts';
import { SemanticUnavailable } from './semantic/answers.ts';
import type { Semantic } from './semantic/semantic.ts';
import type { Triple } from './semantic/triple.ts';
import { type LinkParts, type Part, worsePart } from './served.ts';
import type { Trace } from './trace.ts';

/** Memories put before the LLM. */
const MEMORIES_MAX = 5;
/** With the router on, so many are looked at for those of the store it named. */
const CANDIDATES_MAX = 15;
/** Least similarity for a memory to matter, from the original. */
export const SIMILARITY_MIN = 0.3;

const STORE_OF: Readonly<Record<Category, StoreName>> = {
  fact: 'semantic',
  entity_anchor: 'semantic',
  procedure: 'procedural',
  plan: 'procedural',
  action: 'episodic',
  observation: 'episodic',
  episode: 'episodic',
};

/** What an answer is made of, known before its first word. */
export interface Beginning {
  readonly memories: readonly Recalled[];
  /** What the semantic store says of the things the question names. */
  readonly relations: readonly Triple[];
  /** Null where the router is off. */
  readonly decision: Classification | null;
  readonly links: LinkParts;
}

export interface Answer extends Beginning {
  /** Null when neither the LLM nor an earlier answer of it can be had. */
  readonly synthesis: string | null;
  /** How the answer of the LLM ended; `fallback`: it was not the LLM that answered. */
  readonly finish: Finish | 'fallback';
}

export type Ask = (query: string, trace: Trace) => Promise<Answer>;

/** Takes an answer in pieces. */
export interface AnswerSink {
  /** Once, before the first piece. */
  begin(beginning: Beginning): void;
  /** `stop` when nobody listens any more. */
  text(piece: string): 'on' | 'stop';
}

/** How an answer in pieces ended. What was given of a broken one is not an answer. */
export type Ending =
  | {
      readonly isComplete: true;
      readonly synthesis: string | null;
      readonly finish: Finish | 'fallback';
    }
  | { readonly isComplete: false; readonly error: unknown };

/** @throws only before it began */
export type AskInPieces = (query: string, trace: Trace, sink: AnswerSink) => Promise<Ending>;

export interface AskOptions {
  readonly embed: GenerateEmbedding;
  readonly recall: Recall;
  readonly semantic: Pick<Semantic, 'mentionedIn'>;
  readonly chain: Chain;
  /** Null where the router is off. */
  readonly classify: Classify | null;
  readonly fallback: AnswerFallback;
}

export function createAsk(options: AskOptions): { ask: Ask; askInPieces: AskInPieces } {
  const { embed, recall, semantic, chain, classify, fallback } = options;

  interface Prepared {
    readonly memories: readonly Recalled[];
    readonly relations: readonly Triple[];
    readonly decision: Classification | null;
    readonly messages: readonly ChatMessage[];
    readonly ollama: Part;
    readonly database: Part;
  }

  /** Asked only where the database has just answered: a second wait for one that is away would help nobody. */
  async function relate(query: string, recalled: Part, trace: Trace) {
    if (recalled.by !== 'live') return { relations: [], database: recalled };
    try {
      const { answer, database } = await semantic.mentionedIn(query, trace);
      return { relations: answer.found.results, database };
    } catch (error) {
      if (!isLinkError(error) && !(error instanceof SemanticUnavailable)) throw error;
      return { relations: [], database: { by: 'default', ageMs: null } satisfies Part };
    }
  }

  async function prepare(query: string, trace: Trace): Promise<Prepared> {
    // Side by side: the decision orders what was recalled, and is not needed to recall it.
    const [embedding, decision] = await Promise.all([
      embed(query, trace),
      classify === null ? null : classify(query, trace),
    ]);
    const ollama: Part = { by: embedding.source, ageMs: null };
    const limit = decision === null ? MEMORIES_MAX : CANDIDATES_MAX;
    const recalled = await recall(embedding, { limit, threshold: SIMILARITY_MIN }, trace);
    const memories = decision === null ? recalled.memories : preferring(decision.store, recalled.memories);
    const { relations, database } = await relate(query, recalled.database, trace);
    const messages = chiefOfStaffPrompt(query, memories, relations);
    return { memories, relations, decision, messages, ollama, database };
  }

  function beginning(prepared: Prepared, llm: Part): Beginning {
    const { memories, relations, decision, ollama, database } = prepared;
    const worst = decision === null ? llm : worsePart(llm, decision.part);
    return { memories, relations, decision, links: { llm: worst, ollama, database } };
  }

  function remember(query: string, { ollama, database }: Prepared, synthesis: string, finish: Finish): void {
    // One that was cut short, by whomever, is not an answer to give again.
    if (finish !== 'stop') return;
    // An answer from a hash vector or an old index would outlive the outage that made it poor.
    if (ollama.by === 'live' && database.by === 'live') fallback.remember(query, synthesis);
  }

  function substitute(query: string, prepared: Prepared, error: unknown): Answer {
    const found = fallback.answer(query, error);
    const ageMs = found.by === 'cached' ? found.ageMs : null;
    return {
      ...beginning(prepared, { by: found.by, ageMs }),
      synthesis: found.synthesis,
      finish: 'fallback',
    };
  }

  return {
    async ask(query, trace) {
      const prepared = await prepare(query, trace);
      try {
        const { text, finish, part } = await chain.complete({ messages: prepared.messages, trace });
        remember(query, prepared, text, finish);
        return { ...beginning(prepared, part), synthesis: text, finish };
      } catch (error) {
        if (!isLinkError(error)) throw error;
        return substitute(query, prepared, error);
      }
    },

    async askInPieces(query, trace, sink) {
      const prepared = await prepare(query, trace);
      let hasBegun = false;
      try {
        const answer = await chain.stream({ messages: prepared.messages, trace }, (piece, part) => {
          if (!hasBegun) sink.begin(beginning(prepared, part));
          hasBegun = true;
          return sink.text(piece);
        });
        remember(query, prepared, answer.text, answer.finish);
        return { isComplete: true, synthesis: answer.text, finish: answer.finish };
      } catch (error) {
        if (hasBegun) return { isComplete: false, error };
        if (!isLinkError(error)) throw error;
        const answer = substitute(query, prepared, error);
        sink.begin(answer);
        if (answer.synthesis !== null) sink.text(answer.synthesis);
        return { isComplete: true, synthesis: answer.synthesis, finish: answer.finish };
      }
    },
  };
}

/** The memories of the store first, otherwise in their order, and no more than are shown. */
function preferring(store: StoreName, memories: readonly Recalled[]): Recalled[] {
  const isOf = (memory: Recalled): boolean => STORE_OF[memory.category] === store;
  const [chosen, others] = [memories.filter(isOf), memories.filter((memory) => !isOf(memory))];
  return [...chosen, ...others].slice(0, MEMORIES_MAX);
}
