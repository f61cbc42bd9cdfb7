/**
 * What can be injected, as data. The shape is Toxiproxy's toxic, so that one object serves the
 * scenario file, the API and the history. Which types exist and which attributes each takes is the
 * business of the link's registries, not of this file.
 */
import { z } from 'zod';

/** Direction of bytes: `upstream` is target → dependency, `downstream` the way back (Toxiproxy's words). */
export const Stream = z.enum(['upstream', 'downstream']);
export type Stream = z.infer<typeof Stream>;

const Ordinal = z.int().min(1);

/** What a fault applies to; everything given must match. Which keys fit depends on the type of fault. */
export const Match = z.strictObject({
  /** HTTP method, upper case. */
  method: z.string().optional(),
  /** Path prefix, such as `/v1/chat`. */
  path: z.string().optional(),
  /** The `model` that an LLM or embedding request names. */
  model: z.string().optional(),
  /** Request headers by lower-case name; `*` for any value. */
  header: z.record(z.string().toLowerCase(), z.string()).optional(),
  /** First word of an SQL statement, such as `COMMIT`. */
  command: z.string().toUpperCase().optional(),
  /** Part of an SQL statement's text, in any case. */
  statement: z.string().min(1).optional(),
  /** Only the nth of what matches the rest, counted from the moment the fault was armed. */
  nth: Ordinal.optional(),
  /** Only every nth of what matches the rest. */
  every: Ordinal.optional(),
  /** For toxics: acts on a connection only after so many bytes in its direction. */
  afterBytes: z.int().min(0).optional(),
  /** For toxics: acts on a connection only when it is so old, in ms. */
  afterMs: z.int().min(0).optional(),
});
export type Match = z.infer<typeof Match>;

/**
 * A fault on one link.
 * `down` and `black_hole` act on the listener; toxics act on the bytes of connections; types that
 * begin with `http_`, `llm_`, `embedding_` and `postgres_` act on exchanges and statements.
 */
export const Fault = z.strictObject({
  type: z.string().min(1),
  attributes: z.record(z.string(), z.unknown()).default({}),
  /** For toxics. */
  stream: Stream.optional(),
  /** For toxics: the share of connections that are hit, drawn once per connection. */
  toxicity: z.number().min(0).max(1).optional(),
  /** For faults above TCP: the share of matching exchanges or statements that are hit. */
  probability: z.number().min(0).max(1).optional(),
  match: Match.optional(),
  /** At most so many hits: connections for a toxic, exchanges or statements for a fault above TCP. */
  times: z.int().min(1).optional(),
  /** A lease: lifted by the link itself so many ms after it was armed. */
  expiresMs: z.number().positive().max(86_400_000).optional(),
});
export type Fault = z.infer<typeof Fault>;
/** A fault as a person writes it, defaults left out. */
export type FaultInput = z.input<typeof Fault>;
