/** What callers may send to the semantic store, as schemas. */
import { z } from 'zod';
import { type Clause, GLOBAL_GRAPH, TEXT_BYTES_MAX } from '../semantic/triple.ts';
import { Count, Share, Text } from './requests.ts';

const DEPTH_MAX = 20;
const CLAUSES_MAX = 10;
const LIMIT_MAX = 1_000;
const LIMIT_DEFAULT = 100;
const METADATA_BYTES_MAX = 10_000;
/** Ten years: what lives longer needs no end. */
const TTL_S_MAX = 315_360_000;

const bounded = (bytesMax: number) =>
  Text.refine((text) => Buffer.byteLength(text) <= bytesMax, `must not be longer than ${bytesMax} bytes`);

const Type = bounded(TEXT_BYTES_MAX.type).default('entity');
const NodeBody = z.object(
  { type: Type, id: bounded(TEXT_BYTES_MAX.id) },
  { error: 'must be an object with id and type' },
);
const Predicate = bounded(TEXT_BYTES_MAX.predicate);
const GraphId = bounded(TEXT_BYTES_MAX.graph).default(GLOBAL_GRAPH);
const Limit = Count(LIMIT_MAX).default(LIMIT_DEFAULT);
/** Defaults are the original's. */
const MinConfidence = Share.default(0.7);
const MaxDepth = (byDefault: number) => Count(DEPTH_MAX).default(byDefault);

export const UpsertBody = z.object({
  graph_id: GraphId,
  subject: NodeBody,
  predicate: Predicate,
  object: NodeBody,
  confidence: Share.default(1),
  source: bounded(TEXT_BYTES_MAX.source).nullable().default(null),
  metadata: z
    .record(z.string(), z.unknown(), { error: 'must be an object' })
    .refine((metadata) => Buffer.byteLength(JSON.stringify(metadata)) <= METADATA_BYTES_MAX, {
      error: `must not be longer than ${METADATA_BYTES_MAX} bytes`,
    })
    // PostgreSQL's jsonb holds no NUL character either.
    .refine((metadata) => !JSON.stringify(metadata).includes('\\u0000'), 'must not contain a NUL character')
    .default({}),
  ttl_s: Count(TTL_S_MAX).nullable().default(null),
});

const ClauseBody = z
  .object({
    subject: NodeBody.nullable().default(null),
    predicate: Predicate,
    object: NodeBody.nullable().default(null),
  })
  .refine(({ subject, object }) => subject !== null || object !== null, 'must name a subject or an object');

const clauses = `must be a list of 1 to ${CLAUSES_MAX} clauses`;
export const MatchBody = z.object({
  graph_id: GraphId,
  clauses: z
    .array(ClauseBody, { error: clauses })
    .min(1, clauses)
    .max(CLAUSES_MAX, clauses) satisfies z.ZodType<readonly Clause[]>,
  limit: Limit,
});

export const ClosureBody = z.object({
  graph_id: GraphId,
  start: NodeBody,
  predicate: Predicate,
  direction: z.enum(['forward', 'backward'], { error: 'must be forward or backward' }).default('forward'),
  max_depth: MaxDepth(5),
  min_confidence: MinConfidence,
  limit: Limit,
});

export const PathBody = z.object({
  graph_id: GraphId,
  from: NodeBody,
  to: NodeBody,
  predicate: Predicate.nullable().default(null),
  max_depth: MaxDepth(10),
  min_confidence: MinConfidence,
});

export const RelationshipsBody = z.object({
  graph_id: GraphId,
  node: NodeBody,
  predicate: Predicate.nullable().default(null),
  limit: Limit,
});

export const ByPredicateBody = z.object({ graph_id: GraphId, predicate: Predicate, limit: Limit });
export const ResolveBody = z.object({ text: bounded(TEXT_BYTES_MAX.id) });
export const RecentBody = z.object({ graph_id: GraphId, limit: Limit });
