/**
 * What can be injected, as data. The shape is Toxiproxy's toxic, so that one object serves the
 * scenario file, the API and the history. Which types exist and which attributes each takes is the
 * business of the link's registry, not of this file.
 */
import { z } from 'zod';

/** Direction of bytes: `upstream` is target → dependency, `downstream` the way back (Toxiproxy's words). */
export const Stream = z.enum(['upstream', 'downstream']);
export type Stream = z.infer<typeof Stream>;

/** Which exchanges a protocol fault applies to; everything given must match. */
export const Match = z.strictObject({
  /** HTTP method, upper case. */
  method: z.string().optional(),
  /** Path prefix, such as `/v1/chat`. */
  path: z.string().optional(),
});
export type Match = z.infer<typeof Match>;

/**
 * A fault on one link.
 * `down` closes the listener (connections refused, live ones cut); toxics act on bytes;
 * types that begin with `http_` act on whole exchanges.
 */
export const Fault = z.strictObject({
  type: z.string().min(1),
  attributes: z.record(z.string(), z.unknown()).default({}),
  /** For toxics. */
  stream: Stream.optional(),
  /** For toxics: the share of connections that are hit, drawn once per connection. */
  toxicity: z.number().min(0).max(1).optional(),
  /** For protocol faults. */
  match: Match.optional(),
  /** For protocol faults: stop after this many hits. */
  times: z.int().min(1).optional(),
});
export type Fault = z.infer<typeof Fault>;
/** A fault as a person writes it, defaults left out. */
export type FaultInput = z.input<typeof Fault>;
