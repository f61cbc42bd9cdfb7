/** The routes of the semantic store: they parse, hand on and format, as the others do. */
import type { FastifyInstance } from 'fastify';
import type { Answered } from '../semantic/answers.ts';
import type { Listed, Semantic } from '../semantic/semantic.ts';
import type { LinkParts, Part } from '../served.ts';
import type { Trace } from '../trace.ts';
import type { Admit } from './admission.ts';
import { elapsedMs, type MarkReply, objectBody, traceOf, within } from './handling.ts';
import { parseBody } from './requests.ts';
import {
  ByPredicateBody,
  ClosureBody,
  MatchBody,
  PathBody,
  RecentBody,
  RelationshipsBody,
  ResolveBody,
  UpsertBody,
} from './semantic-requests.ts';

const PREFIX = '/v1/mimo/semantic';

/** What the server lends its routes. */
export interface RouteTools {
  readonly deadlineMs: number;
  readonly admit: Admit;
  readonly mark: MarkReply;
}

interface Reply {
  readonly data: unknown;
  /** Where the triples came from. */
  readonly database: Part;
  /** Other links that the answer used. */
  readonly links?: LinkParts;
  readonly status?: number;
}

type Handler = (semantic: Semantic, body: object, trace: Trace) => Promise<Reply>;

/** One list becomes the data itself. */
async function listed(asked: Promise<Answered<Listed<unknown>>>): Promise<Reply> {
  const { answer, database } = await asked;
  return { data: answer.found, database };
}

const HANDLERS: Readonly<Record<string, Handler>> = {
  upsert: async (semantic, given, trace) => {
    const { graph_id, ttl_s, ...triple } = parseBody(UpsertBody, given);
    const data = await semantic.upsert(graph_id, { ...triple, ttlS: ttl_s }, trace);
    return { data, database: { by: 'live', ageMs: null }, status: 201 };
  },
  match: (semantic, given, trace) => {
    const { graph_id, clauses, limit } = parseBody(MatchBody, given);
    return listed(semantic.match(graph_id, clauses, limit, trace));
  },
  closure: (semantic, given, trace) => {
    const { graph_id, max_depth, min_confidence, ...question } = parseBody(ClosureBody, given);
    const walk = { ...question, maxDepth: max_depth, minConfidence: min_confidence };
    return listed(semantic.closure(graph_id, walk, trace));
  },
  path: async (semantic, given, trace) => {
    const { graph_id, max_depth, min_confidence, ...question } = parseBody(PathBody, given);
    const walk = { ...question, maxDepth: max_depth, minConfidence: min_confidence };
    const { answer, database } = await semantic.findPath(graph_id, walk, trace);
    const { results, truncated } = answer.found;
    return { data: { path: results[0] ?? null, truncated }, database };
  },
  relationships: async (semantic, given, trace) => {
    const { graph_id, ...question } = parseBody(RelationshipsBody, given);
    const { answer, database } = await semantic.relationships(graph_id, question, trace);
    return { data: answer, database };
  },
  'by-predicate': (semantic, given, trace) => {
    const { graph_id, predicate, limit } = parseBody(ByPredicateBody, given);
    return listed(semantic.byPredicate(graph_id, predicate, limit, trace));
  },
  resolve: async (semantic, given, trace) => {
    const { text } = parseBody(ResolveBody, given);
    const { resolution, links } = await semantic.resolve(text, trace);
    return { data: resolution, database: links.database ?? { by: 'default', ageMs: null }, links };
  },
  recent: (semantic, given, trace) => {
    const { graph_id, limit } = parseBody(RecentBody, given);
    return listed(semantic.recent(graph_id, limit, trace));
  },
};

export const SEMANTIC_ENDPOINTS: readonly string[] = Object.keys(HANDLERS).map(
  (name) => `POST ${PREFIX}/${name}`,
);

export function addSemanticRoutes(app: FastifyInstance, semantic: Semantic, tools: RouteTools): void {
  for (const [name, handle] of Object.entries(HANDLERS)) {
    app.post(`${PREFIX}/${name}`, (request, reply) =>
      tools.admit(async () => {
        const startedAtMs = performance.now();
        // A handler that refuses the body throws before there is a promise to wait for.
        const work = (async () => handle(semantic, objectBody(request), traceOf(request)))();
        const { data, database, links = {}, status = 200 } = await within(tools.deadlineMs, work);
        reply.code(status);
        return { data, latency_ms: elapsedMs(startedAtMs), ...tools.mark(reply, { ...links, database }) };
      }),
    );
  }
}
