/** What callers may send, as schemas; a refusal is one sentence that names the field. */
import { z } from 'zod';
import { SIMILARITY_MIN } from '../ask.ts';
import { CATEGORIES } from '../memory/engram.ts';

/** The original's limit for one memory. */
export const CONTENT_BYTES_MAX = 100_000;
const QUERY_CHARS_MAX = 8_000;
const KEY_CHARS_MAX = 200;
const SEARCH_LIMIT_DEFAULT = 10;
const SEARCH_LIMIT_MAX = 100;

/** PostgreSQL cannot hold a NUL character in text, so it is refused here rather than by an outage later. */
export const Text = z
  .string({ error: 'must be a string' })
  .refine((text) => text.trim() !== '', 'must not be empty')
  .refine((text) => !text.includes('\u0000'), 'must not contain a NUL character');
const Content = Text.refine(
  (text) => Buffer.byteLength(text) <= CONTENT_BYTES_MAX,
  `must not be longer than ${CONTENT_BYTES_MAX} bytes`,
);
const Query = Text.refine(
  (text) => text.length <= QUERY_CHARS_MAX,
  `must not be longer than ${QUERY_CHARS_MAX} characters`,
);
const Key = Text.refine(
  (text) => text.length <= KEY_CHARS_MAX,
  `must not be longer than ${KEY_CHARS_MAX} characters`,
);
/** A number from 0 to 1. */
export const Share = z
  .number({ error: 'must be a number from 0 to 1' })
  .min(0, 'must be a number from 0 to 1')
  .max(1, 'must be a number from 0 to 1');
const Importance = Share.default(0.5);
const Unit = z
  .number({ error: 'must be a number from -1 to 1' })
  .min(-1, 'must be a number from -1 to 1')
  .max(1, 'must be a number from -1 to 1');
/** A whole number from 1 on. */
export const Count = (max: number) =>
  z
    .int({ error: `must be a whole number from 1 to ${max}` })
    .min(1, `must be a whole number from 1 to ${max}`)
    .max(max, `must be a whole number from 1 to ${max}`);
const MILLISECONDS_MAX = 600_000;

export const AskBody = z.object({
  query: Query,
  context_id: z
    .string({ error: 'must be a string' })
    .max(200, 'must not be longer than 200 characters')
    .optional(),
  timeout_ms: Count(MILLISECONDS_MAX).optional(),
});

export const ClassifyBody = z.object({ query: Query });

export const StoreMemory = z.object({
  content: Content,
  category: z.enum(CATEGORIES, { error: `must be one of ${CATEGORIES.join(', ')}` }).default('observation'),
  importance: Importance,
  idempotency_key: Key.optional(),
});

/** A fact is either a text or a triple; a triple becomes the text "subject predicate object". */
export const StoreFact = z
  .object({
    content: Content.optional(),
    subject: Text.optional(),
    predicate: Text.optional(),
    object: Text.optional(),
    importance: Importance,
    idempotency_key: Key.optional(),
  })
  .transform((fact, context) => {
    const { subject, predicate, object, importance, idempotency_key } = fact;
    if (fact.content !== undefined) {
      return { content: fact.content, importance, idempotency_key, triple: undefined };
    }
    if (subject === undefined || predicate === undefined || object === undefined) {
      context.addIssue({
        code: 'custom',
        path: ['content'],
        message: 'is missing: give content, or subject, predicate and object',
      });
      return z.NEVER;
    }
    const content = `${subject} ${predicate} ${object}`;
    return { content, importance, idempotency_key, triple: { subject, predicate, object } };
  })
  .refine(({ content }) => Buffer.byteLength(content) <= CONTENT_BYTES_MAX, {
    path: ['content'],
    message: `must not be longer than ${CONTENT_BYTES_MAX} bytes`,
  });

export const SearchVibes = z.object({
  query: Query,
  limit: Count(SEARCH_LIMIT_MAX).default(SEARCH_LIMIT_DEFAULT),
  threshold: Unit.default(SIMILARITY_MIN),
});

const TOOLS = ['store_fact', 'mimo_store_memory', 'search_vibes'] as const;

export const ToolBody = z.discriminatedUnion(
  'tool',
  [
    z.object({ tool: z.literal('store_fact'), arguments: StoreFact }),
    z.object({ tool: z.literal('mimo_store_memory'), arguments: StoreMemory }),
    z.object({ tool: z.literal('search_vibes'), arguments: SearchVibes }),
  ],
  { error: `must be one of ${TOOLS.join(', ')}` },
);
export type ToolCall = z.infer<typeof ToolBody>;

export const IdempotencyHeader = Key.optional();

/** The caller's mistake, as one sentence. */
export class BadRequest extends Error {
  override readonly name = 'BadRequest';
}

/** @throws BadRequest naming the first field that is wrong. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown, root = 'body'): T {
  const parsed = schema.safeParse(body);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue === undefined || issue.path.length === 0 ? root : issue.path.join('.');
  // zod's own words for a value of the wrong type read badly after a field name.
  const says = issue?.message.startsWith('Invalid input') ? 'must be a JSON object' : issue?.message;
  throw new BadRequest(`${field} ${says ?? 'is wrong'}.`);
}
