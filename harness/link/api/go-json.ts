/**
 * Reads JSON as Go's decoder does, on which Toxiproxy's clients have come to rely: the first value counts
 * and what follows it is left alone, keys match in any case, and null is the same as not given.
 */
import { z } from 'zod';

/** The first JSON value of a text. @throws SyntaxError */
export function parseFirst(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    const endsAt = endOfFirst(text);
    if (endsAt === null) throw error;
    return JSON.parse(text.slice(0, endsAt));
  }
}

/** Where the object or array ends with which a text begins; null where there is none, or no end. */
function endOfFirst(text: string): number | null {
  let depth = 0;
  // A string, or one bracket: what is between them cannot end a value.
  for (const { 0: token, index } of text.matchAll(/"(?:[^"\\]|\\.)*"|[[\]{}]/gs)) {
    if (token === '{' || token === '[') depth++;
    else if (token === '}' || token === ']') depth--;
    if (depth <= 0) return token.startsWith('"') ? null : index + 1;
  }
  return null;
}

/** The value as the schema names its keys, without the nulls; a null where all is awaited is an empty one. */
export function asGoReads(schema: z.ZodType, value: unknown): unknown {
  const inner = unwrapped(schema);
  if (inner instanceof z.ZodArray) {
    const { element } = inner;
    if (value === null) return [];
    return Array.isArray(value) && element instanceof z.ZodType
      ? value.map((item) => asGoReads(element, item))
      : value;
  }
  if (!(inner instanceof z.ZodObject)) return value;
  if (value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) return value;
  const shape: Record<string, z.ZodType> = inner.shape;
  const names = new Map(Object.keys(shape).map((name) => [name.toLowerCase(), name]));
  const read = new Map<string, unknown>();
  for (const [key, given] of Object.entries(value)) {
    const name = names.get(key.toLowerCase());
    if (name === undefined) read.set(key, given);
    else if (given !== null) read.set(name, asGoReads(shape[name] ?? z.unknown(), given));
  }
  return Object.fromEntries(read);
}

function unwrapped(schema: z.ZodType): z.ZodType {
  if (!(schema instanceof z.ZodDefault || schema instanceof z.ZodOptional)) return schema;
  const inner = schema.unwrap();
  return inner instanceof z.ZodType ? unwrapped(inner) : schema;
}
