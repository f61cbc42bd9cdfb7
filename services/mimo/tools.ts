/** The tools behind POST /v1/mimo/tool: two that store a memory, one that searches. */
import { randomUUID } from 'node:crypto';
import type { ToolCall } from './http/requests.ts';
import type { GenerateEmbedding } from './memory/embedder.ts';
import type { Engram } from './memory/engram.ts';
import type { PersistMemory } from './memory/persist.ts';
import type { Recall } from './memory/recall.ts';
import type { LinkParts } from './served.ts';
import type { Trace } from './trace.ts';

export interface ToolResult {
  readonly status: 'success' | 'stored' | 'queued';
  readonly data: Readonly<Record<string, unknown>>;
  readonly links: LinkParts;
}

/** `headerKey` is the caller's Idempotency-Key header; it goes before the one in the arguments. */
export type RunTool = (call: ToolCall, headerKey: string | undefined, trace: Trace) => Promise<ToolResult>;

export interface ToolOptions {
  readonly embed: GenerateEmbedding;
  readonly recall: Recall;
  readonly persist: PersistMemory;
}

export function createTools({ embed, recall, persist }: ToolOptions): RunTool {
  async function store(
    memory: Pick<Engram, 'content' | 'category' | 'importance' | 'metadata'>,
    key: string | undefined,
    trace: Trace,
  ): Promise<ToolResult> {
    const idempotencyKey = key ?? randomUUID();
    const { vector, source } = await embed(memory.content, trace);
    // The caller's key is kept beside the unique one, so that an audit can count rows per request
    // even where the unique key does not do its work.
    const metadata = { ...memory.metadata, client_key: idempotencyKey };
    const { status, id } = await persist({ ...memory, metadata, idempotencyKey, vector, source }, trace);
    return {
      status,
      data: { id, idempotency_key: idempotencyKey },
      links: {
        ollama: { by: source, ageMs: null },
        database: { by: status === 'stored' ? 'live' : 'memory', ageMs: null },
      },
    };
  }

  return async (call, headerKey, trace) => {
    switch (call.tool) {
      case 'store_fact': {
        const { content, importance, triple, idempotency_key } = call.arguments;
        const metadata = triple === undefined ? {} : { triple };
        return store(
          { content, category: 'fact', importance, metadata },
          headerKey ?? idempotency_key,
          trace,
        );
      }
      case 'mimo_store_memory': {
        const { content, category, importance, idempotency_key } = call.arguments;
        return store({ content, category, importance, metadata: {} }, headerKey ?? idempotency_key, trace);
      }
      case 'search_vibes': {
        const { query, limit, threshold } = call.arguments;
        const embedding = await embed(query, trace);
        const { memories, database } = await recall(embedding, { limit, threshold }, trace);
        return {
          status: 'success',
          data: { results: memories },
          links: { ollama: { by: embedding.source, ageMs: null }, database },
        };
      }
      default:
        return call satisfies never;
    }
  };
}
