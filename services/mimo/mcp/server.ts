/**
 * Mimo as an MCP server: four tools, described from the same schemas as the HTTP entry. The protocol is the
 * SDK's; calls run side by side, so a slow one holds up no other, and each answer bears the id of its question.
 */
import { McpServer, type StandardSchemaWithJSON } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { traceFrom } from '../trace.ts';
import { MCP_SCHEMAS, type RunMcpTool } from './calls.ts';
import { MCP_TOOLS, type McpTool } from './tool-names.ts';

const ABOUT = { name: 'mimo', version: '0.1.0' } as const;

interface Description {
  readonly title: string;
  readonly description: string;
  readonly isReadOnly: boolean;
}

const DESCRIPTIONS: Readonly<Record<McpTool, Description>> = {
  ask_mimo: {
    title: 'Ask Mimo',
    description: 'Answers a question from the memories at hand, by an LLM that is shown those that match.',
    isReadOnly: true,
  },
  search_vibes: {
    title: 'Search memories',
    description: 'Finds the memories most similar in meaning to a text.',
    isReadOnly: true,
  },
  store_fact: {
    title: 'Store a fact',
    description:
      'Stores a fact: a text, or subject, predicate and object. The same idempotency_key stores once.',
    isReadOnly: false,
  },
  mimo_store_memory: {
    title: 'Store a memory',
    description: 'Stores a memory of a category. The same idempotency_key stores once.',
    isReadOnly: false,
  },
};

/** Makes a server for one connection, or one request over HTTP; all share what is behind `run`. */
export function createMimoMcp(run: RunMcpTool): McpServer {
  const server = new McpServer(ABOUT);
  for (const tool of MCP_TOOLS) {
    const { title, description, isReadOnly } = DESCRIPTIONS[tool];
    const annotations = { readOnlyHint: isReadOnly, destructiveHint: false, openWorldHint: false };
    const config = { title, description, inputSchema: advertised(MCP_SCHEMAS[tool]), annotations };
    server.registerTool(tool, config, (args, context) => {
      const { traceparent } = Object(context.mcpReq._meta);
      return run(tool, args, traceFrom(typeof traceparent === 'string' ? traceparent : undefined));
    });
  }
  return server;
}

/** The schema as it is told to clients. What it refuses is said by us, in the words of the HTTP entry. */
function advertised(schema: z.ZodType): StandardSchemaWithJSON<unknown, unknown> {
  const standard = schema['~standard'] as StandardSchemaWithJSON<unknown, unknown>['~standard'];
  return { '~standard': { ...standard, validate: (value) => ({ value }) } };
}
