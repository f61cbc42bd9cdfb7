/**
 * MCP over standard input and output, for clients that start Mimo themselves. Nothing else may write to standard
 * output then: every line there is a message of the protocol.
 */
import { PassThrough } from 'node:stream';
import { StdioServerTransport, serveStdio } from '@modelcontextprotocol/server/stdio';
import type { Admit } from '../http/admission.ts';
import type { Service } from '../http/service.ts';
import { createMcpCalls } from './calls.ts';
import { createMimoMcp } from './server.ts';

export interface McpStdioOptions {
  readonly service: Service;
  readonly admit: Admit;
  /** The connection is over: by us, or since what came was longer than any message, or the output is gone. */
  readonly onClosed: () => void;
}

/** Serves until the returned function is called. That the input has ended is for the caller to notice. */
export function startMcpStdio({ service, admit, onClosed }: McpStdioOptions): () => Promise<void> {
  const run = createMcpCalls({ service, admit });
  // The SDK drops what is under way as soon as its input ends; through this one it does not see that end.
  const input = new PassThrough();
  process.stdin.pipe(input, { end: false });
  const wire = new Wire(input, process.stdout, { maxBufferSize: service.limits.bodyBytesMax });
  wire.onClosed = onClosed;
  const handle = serveStdio(() => createMimoMcp(run), {
    transport: wire,
    onerror: (error) => service.log.info({ err: error }, 'MCP message refused'),
  });
  return () => handle.close();
}

/** Tells that it has closed, by whomever: `onclose` is the SDK's own. */
class Wire extends StdioServerTransport {
  onClosed: (() => void) | undefined;

  override async close(): Promise<void> {
    await super.close();
    this.onClosed?.();
  }
}
