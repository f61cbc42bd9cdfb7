/** F10: no idempotency key, so a try after an ambiguous failure, and a replay, store the write again. */
import { randomUUID } from 'node:crypto';
import type { Mutate } from '../parts.ts';

export const writesDoubled: Mutate = (parts) => ({
  ...parts,
  store(database) {
    const store = parts.store(database);
    return {
      ...store,
      insert: (engram, trace, signal) =>
        store.insert({ ...engram, idempotencyKey: randomUUID() }, trace, signal),
    };
  },
});
