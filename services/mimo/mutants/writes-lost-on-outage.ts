/** F9: queueing a write for later is a log line; the caller is told 202 and the write is gone. */
import type { Mutate } from '../parts.ts';

export const writesLost: Mutate = (parts) => ({
  ...parts,
  async writeQueue(options) {
    const queue = await parts.writeQueue(options);
    return {
      depth: 0,
      capacity: queue.capacity,
      async append({ idempotencyKey }) {
        process.stderr.write(`${JSON.stringify({ msg: 'write queued for retry', idempotencyKey })}\n`);
      },
      head: () => undefined,
      remove() {},
      entries: () => [],
      close: () => queue.close(),
    };
  },
});
