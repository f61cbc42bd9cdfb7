/** F12: a hash vector is stored as if it were real, and stays for good when Ollama is back. */
import type { Mutate } from '../parts.ts';

export const fakeVectorKept: Mutate = (parts) => ({
  ...parts,
  store(database) {
    const store = parts.store(database);
    return {
      ...store,
      insert: (engram, trace, signal) => store.insert({ ...engram, source: 'live' }, trace, signal),
    };
  },
  reembedder: () => ({ pending: 0, noticed() {}, found() {}, close: async () => {} }),
});
