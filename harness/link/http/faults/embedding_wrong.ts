/**
 * `embedding_wrong`: vectors that are not what the target asked for. Works on answers of Ollama's
 * `/api/embed` (`embeddings`) and `/api/embeddings` (`embedding`), and of OpenAI's `/v1/embeddings`
 * (`data[].embedding`, as numbers or base64).
 */
import { createHash } from 'node:crypto';
import { z } from 'zod';
import { seededRandom } from '../../../model/random.ts';
import { isSuccess } from '../answer-head.ts';
import { defineHttpFault } from '../fault.ts';
import { type JsonObject, jsonObject, objectsIn } from '../json-answer.ts';

const Attributes = z
  .strictObject({
    /** Of another length; not a number; zeros; or unit vectors that have nothing to do with the text. */
    how: z.enum(['dimension', 'nan', 'zeros', 'other_model']),
    /** For `dimension`: numbers per vector. Left out: half as many as there were. */
    dimension: z.int().min(1).max(65_536).optional(),
  })
  .refine((a) => a.dimension === undefined || a.how === 'dimension', {
    path: ['dimension'],
    message: 'it goes with how: "dimension" only',
  });
type Attributes = z.infer<typeof Attributes>;

type Vector = readonly number[];

export const embeddingWrong = defineHttpFault<Attributes>({
  type: 'embedding_wrong',
  about: 'embeddings of another dimension, with the literal NaN, of zeros, or as of another model',
  attributes: Attributes,
  act: (_request, attributes) => ({
    do: 'filter',
    filter: (sink) =>
      jsonObject(
        sink,
        (body, head) => isSuccess(head) && changeVectors(body, (vector) => wrong(vector, attributes)),
        attributes.how === 'nan' ? encodeWithNaN : JSON.stringify,
      ),
  }),
});

function wrong(vector: Vector, { how, dimension }: Attributes): Vector {
  switch (how) {
    case 'dimension':
      return resized(vector, dimension ?? Math.max(1, Math.floor(vector.length / 2)));
    case 'nan':
      return vector.map(() => Number.NaN);
    case 'zeros':
      return vector.map(() => 0);
    case 'other_model':
      return unrelated(vector);
  }
}

/** Cut, or repeated, and of length 1 again, as a model with that many dimensions would give it. */
function resized(vector: Vector, dimension: number): Vector {
  return unit(Array.from({ length: dimension }, (_, i) => vector[i % vector.length] ?? 0));
}

/** Depends on the vector alone: the same text gets the same one again, and similar texts get unlike ones. */
function unrelated(vector: Vector): Vector {
  const seed = createHash('sha256').update(JSON.stringify(vector)).digest().readUInt32LE();
  const random = seededRandom(seed);
  return unit(vector.map(() => random() - 0.5));
}

function unit(vector: Vector): Vector {
  const norm = Math.hypot(...vector);
  return norm === 0 ? vector : vector.map((x) => x / norm);
}

/** Changes every vector in an answer; false where there is none. */
function changeVectors(body: JsonObject, change: (vector: Vector) => Vector): boolean {
  let found = false;
  const changed = (value: unknown): unknown => {
    const vector = asVector(value);
    if (vector === null) return value;
    found = true;
    const made = change(vector);
    return typeof value === 'string' ? toBase64(made) : made;
  };
  if (Array.isArray(body.embeddings)) body.embeddings = body.embeddings.map(changed);
  if (body.embedding !== undefined) body.embedding = changed(body.embedding);
  for (const entry of objectsIn(body.data)) entry.embedding = changed(entry.embedding);
  return found;
}

/** Empty ones are answers to empty texts, and stay as they are. */
function asVector(value: unknown): Vector | null {
  if (typeof value === 'string') return value === '' ? null : fromBase64(value);
  return Array.isArray(value) && value.length > 0 && value.every((x) => typeof x === 'number') ? value : null;
}

const FLOAT_BYTES = 4;

/** OpenAI's base64: 32-bit floats, little-endian. */
function fromBase64(text: string): Vector | null {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.length === 0 || bytes.length % FLOAT_BYTES !== 0) return null;
  return Array.from({ length: bytes.length / FLOAT_BYTES }, (_, i) => bytes.readFloatLE(i * FLOAT_BYTES));
}

function toBase64(vector: Vector): string {
  const bytes = Buffer.alloc(vector.length * FLOAT_BYTES);
  for (const [i, x] of vector.entries()) bytes.writeFloatLE(x, i * FLOAT_BYTES);
  return bytes.toString('base64');
}

/** JSON as Python's json.dumps writes it: not a number is the bare word NaN, which JSON does not know. */
function encodeWithNaN(body: JsonObject): string {
  const stand = '\u0000NaN';
  const text = JSON.stringify(body, (_key, value: unknown) => (Number.isNaN(value) ? stand : value));
  return text.replaceAll(JSON.stringify(stand), 'NaN');
}
