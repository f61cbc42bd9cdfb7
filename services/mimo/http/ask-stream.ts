/**
 * POST /v1/mimo/ask/stream: an answer in pieces, as server-sent events: `start`, `token` for each piece, and one
 * of `done` and `interrupted`. The head is sent with the first piece, so its marks and status tell the truth and
 * another provider can still be asked before. After `interrupted` the connection is broken off, so that not even
 * a client that reads no event names takes the pieces for the whole.
 */
import { randomUUID } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Beginning, Ending } from '../ask.ts';
import type { Admit } from './admission.ts';
import { failureOf } from './failure.ts';
import { elapsedMs, type MarkReply, objectBody, traceOf, within } from './handling.ts';
import { AskBody, parseBody } from './requests.ts';
import { resultsOf, routerDecision } from './results.ts';
import type { Service } from './service.ts';

export const ASK_STREAM = '/v1/mimo/ask/stream';

export interface AskStreamOptions {
  readonly service: Service;
  readonly admit: Admit;
  readonly mark: MarkReply;
  /** Counts a request that was answered in pieces, in place of who counts the others. */
  readonly count: (request: FastifyRequest, status: number, seconds: number) => void;
}

export function registerAskStream(app: FastifyInstance, options: AskStreamOptions): void {
  const { service, admit, mark, count } = options;
  app.post(ASK_STREAM, (request, reply) =>
    admit(async () => {
      const startedAtMs = performance.now();
      const body = parseBody(AskBody, objectBody(request));
      const limitMs = service.policy.requestDeadlineMs;
      const { raw } = reply;
      let isGone = false;
      let secondsToHead = 0;
      raw.once('close', () => {
        isGone = true;
      });

      function begin(beginning: Beginning): void {
        if (isGone) return;
        const marks = mark(reply, beginning.links);
        reply.hijack();
        for (const [name, value] of Object.entries(reply.getHeaders())) {
          if (value !== undefined) raw.setHeader(name, value);
        }
        secondsToHead = (performance.now() - startedAtMs) / 1_000;
        raw.writeHead(200, {
          'content-type': 'text/event-stream; charset=utf-8',
          'cache-control': 'no-cache',
          // nginx would otherwise collect the pieces.
          'x-accel-buffering': 'no',
        });
        send(raw, 'start', {
          query_id: randomUUID(),
          router_decision: routerDecision(beginning.decision),
          results: resultsOf(beginning),
          context_id: body.context_id ?? null,
          ...marks,
        });
      }

      const begun = Promise.withResolvers<void>();
      const work = service.askInPieces(body.query, traceOf(request), {
        begin(beginning) {
          begin(beginning);
          begun.resolve();
        },
        text(piece) {
          if (!isGone) send(raw, 'token', { text: piece });
          return isGone ? 'stop' : 'on';
        },
      });
      try {
        await within(Math.min(body.timeout_ms ?? limitMs, limitMs), Promise.race([begun.promise, work]));
      } catch (error) {
        // Who has been told that it was too late must not be sent anything more.
        isGone = true;
        work.catch(() => {});
        throw error;
      }
      const ending = await work;
      if (isGone) return reply;
      // One that broke off was no success, whatever its head said. How long it took is how long the caller waited for
      // the first word: the rest is as long as the answer.
      count(request, ending.isComplete ? 200 : failureOf(ending.error).status, secondsToHead);
      await end(raw, ending, elapsedMs(startedAtMs));
      return reply;
    }),
  );
}

async function end(raw: ServerResponse, ending: Ending, latencyMs: number): Promise<void> {
  if (ending.isComplete) {
    const { synthesis, finish } = ending;
    send(raw, 'done', { complete: true, synthesis, finish, latency_ms: latencyMs });
    raw.end();
    return;
  }
  const { error } = failureOf(ending.error);
  await new Promise<void>((resolve) => {
    send(raw, 'interrupted', { complete: false, error, latency_ms: latencyMs }, resolve);
    // Nobody waits for the writing of a connection that is gone.
    raw.once('close', resolve);
  });
  raw.destroy();
}

function send(raw: ServerResponse, event: string, data: object, onWritten: () => void = () => {}): void {
  // An answer has a bounded length, so what a slow reader leaves in memory has too.
  raw.write(`event: ${event}\ndata: ${JSON.stringify(data)}\n\n`, onWritten);
}
