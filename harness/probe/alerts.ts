/** Watches the alerts of a Prometheus: which are pending, which fire. It corroborates; the wire says what happened. */
import { z } from 'zod';
import { ALERTS_WATCHED, type AlertEvent, type Unnumbered } from '../model/history.ts';
import type { Clock, Ms } from '../model/time.ts';
import { waitOrAbort } from '../model/wait.ts';

/** Rules are evaluated every second at best. */
const READ_EVERY_MS: Ms = 250;
const READ_TIMEOUT_MS: Ms = 1_000;

/** What `GET /api/v1/alerts` answers (Prometheus HTTP API): those that are pending or firing. */
const Alerts = z.object({
  data: z.object({
    alerts: z.array(
      z.object({ state: z.enum(['pending', 'firing']), labels: z.object({ alertname: z.string() }) }),
    ),
  }),
});

/** Watches until `signal` aborts; emits each change, and once at first that it watches. A read that fails is left out. */
export async function watchAlerts(
  prometheus: string,
  now: Clock,
  emit: (event: Unnumbered<AlertEvent>) => void,
  signal: AbortSignal,
): Promise<void> {
  let known: ReadonlyMap<string, AlertEvent['state']> | null = null;
  while (!signal.aborted) {
    const t = now();
    try {
      const response = await fetch(`${prometheus}/api/v1/alerts`, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(READ_TIMEOUT_MS)]),
      });
      const states = statesOf(Alerts.parse(await response.json()));
      if (known === null) emit({ kind: 'alert', t, name: ALERTS_WATCHED, state: 'inactive' });
      for (const name of new Set([...states.keys(), ...(known?.keys() ?? [])])) {
        const state = states.get(name) ?? 'inactive';
        if (state !== (known?.get(name) ?? 'inactive')) emit({ kind: 'alert', t, name, state });
      }
      known = states;
    } catch {
      // Not up, or busy; a check that lacks it says so.
    }
    await waitOrAbort(READ_EVERY_MS, signal);
  }
}

/** One state by name: of several series of one alert, the gravest. */
function statesOf({ data }: z.infer<typeof Alerts>): ReadonlyMap<string, AlertEvent['state']> {
  const states = new Map<string, AlertEvent['state']>();
  for (const { state, labels } of data.alerts)
    if (states.get(labels.alertname) !== 'firing') states.set(labels.alertname, state);
  return states;
}
