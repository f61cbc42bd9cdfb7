/**
 * What the MCP tools do, and how it is told: a good answer, a marked one, or a tool error with a sentence. An
 * outage is an error only where nothing could be served; what says so is data, so that an agent can act on it.
 */
import type { CallToolResult } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import type { Admit } from '../http/admission.ts';
import { failureOf } from '../http/failure.ts';
import { elapsedMs, within } from '../http/handling.ts';
import { AskBody, BadRequest, parseBody, SearchVibes, StoreFact, StoreMemory } from '../http/requests.ts';
import { resultsOf, routerDecision } from '../http/results.ts';
import type { Service } from '../http/service.ts';
import { type LinkParts, markServed, type Served } from '../served.ts';
import type { ToolResult } from '../tools.ts';
import type { Trace } from '../trace.ts';
import { noteOn, outageOf } from './sentences.ts';
import type { McpTool } from './tool-names.ts';

/** Where facts go. Narrow, so that another store can take its place without the tools knowing. */
export interface FactStore {
  store(fact: z.output<typeof StoreFact>, trace: Trace): Promise<ToolResult>;
}

/** Facts as memories of the category `fact`. */
export function factsAsMemories(service: Service): FactStore {
  return {
    store: (fact, trace) => service.tool({ tool: 'store_fact', arguments: fact }, undefined, trace),
  };
}

export const MCP_SCHEMAS = {
  ask_mimo: AskBody,
  search_vibes: SearchVibes,
  store_fact: StoreFact,
  mimo_store_memory: StoreMemory,
} as const satisfies Record<McpTool, z.ZodType>;

/** Never throws: what goes wrong is a result that says so. */
export type RunMcpTool = (tool: McpTool, args: unknown, trace: Trace) => Promise<CallToolResult>;

export interface McpCallOptions {
  readonly service: Service;
  /** Counts the call in beside those over HTTP. */
  readonly admit: Admit;
  readonly facts?: FactStore;
}

/** What a call came to, before it is put into the form of the protocol. */
interface Outcome {
  /** For people and models that read only text. */
  readonly text: string;
  readonly data: Readonly<Record<string, unknown>>;
  readonly links: LinkParts;
  /** Whether anything was served that answers the call. */
  readonly isServed: boolean;
}

export function createMcpCalls({
  service,
  admit,
  facts = factsAsMemories(service),
}: McpCallOptions): RunMcpTool {
  const { policy, metrics } = service;

  async function run(tool: McpTool, args: unknown, trace: Trace): Promise<Outcome> {
    const limitMs = policy.requestDeadlineMs;
    switch (tool) {
      case 'ask_mimo': {
        const { query, context_id, timeout_ms } = parseBody(AskBody, args, 'arguments');
        const answer = await within(Math.min(timeout_ms ?? limitMs, limitMs), service.ask(query, trace));
        const { synthesis, finish, decision, links } = answer;
        const data = {
          synthesis,
          finish,
          results: resultsOf(answer),
          router_decision: routerDecision(decision),
          context_id: context_id ?? null,
        };
        return { text: synthesis ?? '', data, links, isServed: synthesis !== null };
      }
      case 'search_vibes': {
        const parsed = parseBody(SearchVibes, args, 'arguments');
        const work = service.tool({ tool, arguments: parsed }, undefined, trace);
        const { data, links } = await within(limitMs, work);
        // Nothing found by a search that could not look is no answer: there may well be something.
        const found = Array.isArray(data.results) ? data.results : [];
        const isServed = found.length > 0 || markServed(links).by === 'live';
        return { text: JSON.stringify(found), data, links, isServed };
      }
      case 'store_fact': {
        const fact = parseBody(StoreFact, args, 'arguments');
        return stored(await within(limitMs, facts.store(fact, trace)));
      }
      case 'mimo_store_memory': {
        const parsed = parseBody(StoreMemory, args, 'arguments');
        return stored(await within(limitMs, service.tool({ tool, arguments: parsed }, undefined, trace)));
      }
      default:
        return tool satisfies never;
    }
  }

  function told(tool: McpTool, outcome: Outcome, startedAtMs: number): CallToolResult {
    const served = service.mark(outcome.links);
    metrics.served(served);
    const latency = { latency_ms: elapsedMs(startedAtMs) };
    if (!outcome.isServed) {
      metrics.usage.mcpCall(tool, 'error');
      const error = { kind: 'outage', ...outageOf(served.links) };
      return failed(error, { ...outcome.data, served, degraded: true, ...latency });
    }
    const degraded = served.by !== 'live';
    metrics.usage.mcpCall(tool, degraded ? 'degraded' : 'ok');
    const notes = degraded ? [{ type: 'text' as const, text: noteFor(tool, served) }] : [];
    return {
      content: [{ type: 'text', text: outcome.text }, ...notes],
      structuredContent: { ...outcome.data, served, degraded, ...latency },
    };
  }

  return async (tool, args, trace) => {
    const startedAtMs = performance.now();
    try {
      return told(tool, await admit(() => run(tool, args ?? {}, trace)), startedAtMs);
    } catch (error) {
      metrics.usage.mcpCall(tool, 'error');
      const { status, error: sentence, retryAfterS } = failureOf(error);
      if (status >= 500) service.log.error({ err: error, tool }, 'MCP tool call failed');
      const retry = retryAfterS === undefined ? {} : { retry_after_ms: 1_000 * retryAfterS };
      return failed({ kind: kindOf(error, status), sentence, ...retry }, {});
    }
  };
}

function stored({ status, data, links }: ToolResult): Outcome {
  return { text: status, data: { status, ...data }, links, isServed: true };
}

function failed(
  error: { readonly kind: string; readonly sentence: string },
  more: Readonly<Record<string, unknown>>,
): CallToolResult {
  return {
    isError: true,
    content: [{ type: 'text', text: error.sentence }],
    structuredContent: { error, ...more },
  };
}

function noteFor(tool: McpTool, { links }: Served): string {
  const isWrite = tool === 'store_fact' || tool === 'mimo_store_memory';
  return Object.entries(links)
    .filter(([, part]) => part.by !== 'live')
    .map(([, part]) => noteOn(part, isWrite))
    .join(' ');
}

function kindOf(error: unknown, status: number): string {
  if (error instanceof BadRequest) return 'bad_arguments';
  if (status === 504) return 'timeout';
  return status === 502 || status === 503 ? 'outage' : 'internal';
}
