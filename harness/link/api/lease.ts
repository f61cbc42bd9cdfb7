/**
 * A dead man's switch: a rig that injects from afar says again and again that it is there. When it has not for
 * as long as it said, everything injected is lifted, here and on a Toxiproxy behind these links.
 */
import type { FastifyInstance } from 'fastify';
import { z } from 'zod';
import { messageOf } from '../../model/errors.ts';
import { read } from './body.ts';

const LeaseBody = z.object({ ttlMs: z.number().min(100).max(86_400_000) });

/** A lift that failed is tried again so often; a fault that stays is worse than a busy loop. */
const RETRY_MS = 1_000;

/** `PUT /lease {ttlMs}` begins it or renews it, `DELETE /lease` ends it. @param lift lifts everything */
export function leaseRoute(
  app: FastifyInstance,
  lift: () => Promise<void>,
  warn: (text: string) => void,
): void {
  let timer: NodeJS.Timeout | undefined;
  const lapse = async (): Promise<void> => {
    warn('whoever injected has fallen silent: lifting every fault');
    try {
      await lift();
    } catch (error) {
      warn(`not everything could be lifted: ${messageOf(error)}; trying again`);
      timer = setTimeout(() => void lapse(), RETRY_MS);
    }
  };
  app.put('/lease', ({ body }, reply) => {
    const { ttlMs } = read(LeaseBody, body, warn);
    clearTimeout(timer);
    timer = setTimeout(() => void lapse(), ttlMs);
    return reply.code(204).send();
  });
  app.delete('/lease', (_request, reply) => {
    clearTimeout(timer);
    return reply.code(204).send();
  });
  app.addHook('onClose', async () => clearTimeout(timer));
}
