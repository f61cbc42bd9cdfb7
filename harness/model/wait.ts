/** Waiting that can be called off. */
import { setTimeout as delay } from 'node:timers/promises';
import type { Ms } from './time.ts';

/** Settles after `ms`, or at the abort; not above 0, or aborted already: at once. Never throws. */
export async function waitOrAbort(ms: Ms, signal: AbortSignal): Promise<void> {
  if (ms <= 0) return;
  await delay(ms, undefined, { signal }).catch(() => {}); // the only way it fails is the abort
}
