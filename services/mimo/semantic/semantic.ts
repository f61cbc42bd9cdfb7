/**
 * The semantic store as the rest of Mimo uses it: writes with bounded retry, reads with the last good answer behind
 * them. A write that the database does not take is refused and not queued: an upsert may simply be sent again.
 */
import { isLinkError, RequestRefused } from '../resilience/faults.ts';
import type { Retry } from '../resilience/retry.ts';
import type { Trace } from '../trace.ts';
import { type Answered, type Answers, SemanticUnavailable } from './answers.ts';
import { mentionable } from './mentions.ts';
import type { Resolve } from './resolver.ts';
import type { ClosureQuestion, PathQuestion, Relationships, SemanticStore, Upserted } from './store.ts';
import type { Sweeper } from './sweeper.ts';
import {
  type Clause,
  type Found,
  GLOBAL_GRAPH,
  type NewTriple,
  type Reached,
  type Triple,
} from './triple.ts';

/** What has one list. */
export interface Listed<T> {
  readonly found: Found<T>;
}

export interface Semantic {
  /** @throws SemanticUnavailable when the database does not take it: nothing was acknowledged. */
  upsert(graph: string, triple: NewTriple, trace: Trace): Promise<Upserted>;
  match(
    graph: string,
    clauses: readonly Clause[],
    limit: number,
    trace: Trace,
  ): Promise<Answered<Listed<Triple>>>;
  closure(graph: string, question: ClosureQuestion, trace: Trace): Promise<Answered<Listed<Reached>>>;
  findPath(graph: string, question: PathQuestion, trace: Trace): Promise<Answered<Listed<Reached>>>;
  relationships(
    graph: string,
    question: Parameters<SemanticStore['relationships']>[1],
    trace: Trace,
  ): Promise<Answered<Relationships & Readonly<Record<string, Found<Triple>>>>>;
  byPredicate(
    graph: string,
    predicate: string,
    limit: number,
    trace: Trace,
  ): Promise<Answered<Listed<Triple>>>;
  recent(graph: string, limit: number, trace: Trace): Promise<Answered<Listed<Triple>>>;
  /** Triples about what a text names by id, surest first. */
  mentionedIn(text: string, trace: Trace): Promise<Answered<Listed<Triple>>>;
  /** Which known entity a text means. */
  readonly resolve: Resolve;
  readonly answers: Answers;
}

export interface SemanticOptions {
  readonly store: SemanticStore;
  readonly answers: Answers;
  readonly retry: Retry;
  readonly sweeper: Sweeper;
  readonly resolve: Resolve;
}

/** Triples put before the LLM. */
const MENTIONS_MAX = 10;

export function createSemantic({ store, answers, retry, sweeper, resolve }: SemanticOptions): Semantic {
  function read<T>(
    question: readonly unknown[],
    run: (signal: AbortSignal) => Promise<Found<T & { readonly expires_at: string | null }>>,
    isWhole = false,
  ): Promise<Answered<Listed<T & { readonly expires_at: string | null }>>> {
    const key = JSON.stringify(question);
    const asAnswer = async (signal: AbortSignal) => ({ found: await run(signal) });
    return answers.read({ key, run: asAnswer, isWhole });
  }

  return {
    answers,
    resolve,

    async upsert(graph, triple, trace) {
      try {
        const stored = await retry((signal) => store.upsert(graph, triple, trace, signal));
        if (stored.expires_at !== null) sweeper.wake();
        return stored;
      } catch (error) {
        if (!isLinkError(error) || (error instanceof RequestRefused && error.kind === 'request')) throw error;
        throw new SemanticUnavailable(`semantic store: ${error.message}`, { cause: error });
      }
    },

    match: (graph, clauses, limit, trace) =>
      read(
        ['match', graph, clauses, limit],
        (signal) => store.match(graph, clauses, limit, trace, signal),
        // A subject whose one clause has expired meets them no longer, though its other triples hold.
        true,
      ),

    closure: (graph, question, trace) =>
      read(['closure', graph, question], (signal) => store.closure(graph, question, trace, signal)),

    findPath: (graph, question, trace) =>
      // A way that has expired is no proof that there is none.
      read(['path', graph, question], (signal) => store.findPath(graph, question, trace, signal), true),

    relationships: (graph, question, trace) =>
      answers.read({
        key: JSON.stringify(['relationships', graph, question]),
        run: async (signal) => ({ ...(await store.relationships(graph, question, trace, signal)) }),
      }),

    byPredicate: (graph, predicate, limit, trace) =>
      read(['predicate', graph, predicate, limit], (signal) =>
        store.byPredicate(graph, predicate, limit, trace, signal),
      ),

    recent: (graph, limit, trace) =>
      read(['recent', graph, limit], (signal) => store.recent(graph, limit, trace, signal)),

    mentionedIn(text, trace) {
      const ids = mentionable(text);
      return read(['mentions', ids], (signal) =>
        store.mentions(GLOBAL_GRAPH, ids, MENTIONS_MAX, trace, signal),
      );
    },
  };
}
