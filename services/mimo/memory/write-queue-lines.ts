/** The lines of the write queue's file: one JSON object each, a write put in or a key taken out. */
import { z } from 'zod';
import { CATEGORIES, type Engram, vectorFromBytes, vectorToBytes } from './engram.ts';

const Line = z.union([
  z.object({
    put: z.object({
      idempotencyKey: z.string(),
      content: z.string(),
      category: z.enum(CATEGORIES),
      importance: z.number(),
      vector: z.base64(),
      source: z.enum(['live', 'hash']),
      metadata: z.record(z.string(), z.unknown()),
    }),
  }),
  z.object({ done: z.string() }),
]);

export function putLine(engram: Engram): string {
  const vector = vectorToBytes(engram.vector).toString('base64');
  return `${JSON.stringify({ put: { ...engram, vector } })}\n`;
}

export function doneLine(idempotencyKey: string): string {
  return `${JSON.stringify({ done: idempotencyKey })}\n`;
}

export interface ParsedQueue {
  /** What is still to be stored, in order. */
  readonly entries: Map<string, Engram>;
  /** Whole lines that made no sense. They are skipped: one bad line must not cost the others. */
  readonly unreadable: number;
  /** Length up to and including the last line break. */
  readonly wholeBytes: number;
}

export function parseQueue(content: Buffer): ParsedQueue {
  const wholeBytes = content.lastIndexOf(0x0a) + 1;
  const entries = new Map<string, Engram>();
  let unreadable = 0;
  for (const text of content.toString('utf8', 0, wholeBytes).split('\n')) {
    if (text === '') continue;
    const line = parseLine(text);
    if (line === undefined) unreadable += 1;
    else if ('done' in line) entries.delete(line.done);
    else entries.set(line.put.idempotencyKey, line.put);
  }
  return { entries, unreadable, wholeBytes };
}

function parseLine(text: string): { put: Engram } | { done: string } | undefined {
  try {
    const line = Line.parse(JSON.parse(text));
    if ('done' in line) return line;
    return { put: { ...line.put, vector: vectorFromBytes(Buffer.from(line.put.vector, 'base64')) } };
  } catch {
    return undefined;
  }
}
