/**
 * MCP over streamable HTTP at /mcp, without sessions: every request stands for itself, so any process can take
 * it. Requests that a browser sends for a page from elsewhere are refused.
 */
import type { McpHttpHandler } from '@modelcontextprotocol/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { Admit } from '../http/admission.ts';
import type { Service } from '../http/service.ts';
import { createMcpCalls } from './calls.ts';

export interface McpHttpOptions {
  readonly service: Service;
  readonly admit: Admit;
}

export function registerMcp(app: FastifyInstance, { service, admit }: McpHttpOptions): void {
  let loading: Promise<(request: Request, body: unknown) => Promise<Response>> | undefined;
  let handler: McpHttpHandler | undefined;

  /** The SDK is loaded by the first request: who does not speak MCP does not wait for it at the start. */
  async function load(): Promise<(request: Request, body: unknown) => Promise<Response>> {
    const [sdk, { createMimoMcp }] = await Promise.all([
      import('@modelcontextprotocol/server'),
      import('./server.ts'),
    ]);
    const run = createMcpCalls({ service, admit });
    const made = sdk.createMcpHandler(() => createMimoMcp(run), {
      onerror: (error) => service.log.info({ err: error }, 'MCP request refused'),
    });
    handler = made;
    const origins = sdk.localhostAllowedOrigins();
    return async (request, parsedBody) =>
      sdk.originValidationResponse(request, origins) ?? made.fetch(request, { parsedBody });
  }

  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: '/mcp',
    async handler(request, reply) {
      loading ??= load();
      const serve = await loading;
      return reply.send(await serve(webRequest(request, reply), request.body));
    },
  });
  app.addHook('onClose', async () => handler?.close());
}

/** The request as the SDK takes it; the body is parsed already. It is aborted when the caller is gone. */
function webRequest({ method, url, headers, host }: FastifyRequest, { raw }: FastifyReply): Request {
  const gone = new AbortController();
  raw.once('close', () => {
    if (!raw.writableFinished) gone.abort();
  });
  const given = new Headers();
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined) given.set(name, String(value));
  }
  return new Request(`http://${host}${url}`, { method, headers: given, signal: gone.signal });
}
