/**
 * Outlives the rig for a moment: shares a pipe with it, and when that closes without a word, however the rig
 * died, removes the environment's containers and networks. One per environment; `node watcher.ts <id>`.
 */
import { sweep } from './sweep.ts';

/** A word on the pipe: the rig has removed everything itself. */
export const DONE = 'done';

/** Docker may still be making what the rig asked for as it died. */
const QUIET_MS = 3_000;
const LIMIT_MS = 60_000;

async function main(id: string): Promise<void> {
  // Ctrl-C in a terminal is for the rig, which tells us over the pipe.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {});
  let said = '';
  for await (const chunk of process.stdin) said += chunk;
  if (said.includes(DONE)) return;
  // Loaded only now: what waits for hours beside a rig should weigh nothing.
  const { getContainerRuntimeClient } = await import('testcontainers');
  const { container } = await getContainerRuntimeClient();
  await sweep(container.dockerode, id, QUIET_MS, LIMIT_MS);
}

if (import.meta.main) await main(process.argv[2] ?? '');
