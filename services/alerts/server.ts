/**
 * Where Alertmanager's messages end in a rehearsal: one line of JSON for each alert of each message.
 * Keeps nothing.
 */
import fastify, { type FastifyInstance } from 'fastify';
import { z } from 'zod';
import { WITHOUT_SCHEMAS } from '../without-schemas.ts';

/** A message may carry many alerts; Alertmanager cuts none off unless told. */
const BODY_BYTES_MAX = 4 * 1024 * 1024;

/** What we read of Alertmanager's webhook, version 4. */
const Message = z.object({
  alerts: z.array(
    z.object({
      status: z.enum(['firing', 'resolved']),
      labels: z.record(z.string(), z.string()),
      annotations: z.record(z.string(), z.string()).default({}),
      startsAt: z.string(),
    }),
  ),
});

/** One alert as it reached a receiver. */
export interface Heard {
  readonly receiver: string;
  readonly status: 'firing' | 'resolved';
  readonly alert: string;
  readonly summary: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly startsAt: string;
}

export function buildAlerts(hear: (heard: Heard) => void): FastifyInstance {
  const app = fastify({ ...WITHOUT_SCHEMAS, bodyLimit: BODY_BYTES_MAX });
  app.get('/health', async () => ({ status: 'live' }));
  app.post<{ Params: { receiver: string } }>('/:receiver', async (request, reply) => {
    const message = Message.safeParse(request.body);
    if (!message.success)
      return reply.code(400).send({ error: "body must be a message of Alertmanager's webhook" });
    for (const { status, labels, annotations, startsAt } of message.data.alerts) {
      const { alertname = 'unnamed', ...others } = labels;
      const { summary = '' } = annotations;
      hear({
        receiver: request.params.receiver,
        status,
        alert: alertname,
        summary,
        labels: others,
        startsAt,
      });
    }
    return reply.code(204).send();
  });
  return app;
}
