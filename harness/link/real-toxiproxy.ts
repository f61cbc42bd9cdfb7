/** A real Toxiproxy in the place of our links: what it cannot do, and how it is brought back to its senses. */
import { EnvironmentError, messageOf } from '../model/errors.ts';
import type { Fault } from '../model/fault.ts';
import { BLACK_HOLE } from './link.ts';
import { TOXICS, TOXIPROXY_TOXICS } from './toxics/registry.ts';

/** Why a fault cannot be injected by a real Toxiproxy with the same evidence; null: it can. */
export function beyondToxiproxy({ type, toxicity = 1, match, times, expiresMs }: Fault): string | null {
  if (type === BLACK_HOLE) return 'Toxiproxy can refuse connections but not leave a dial unanswered';
  if (!TOXICS.has(type)) return null; // faults above TCP are injected by the link in front of it
  if (!TOXIPROXY_TOXICS.has(type)) return `Toxiproxy has no toxic "${type}"`;
  if (match !== undefined || times !== undefined || expiresMs !== undefined)
    return 'Toxiproxy knows neither match, times nor expiresMs';
  if (toxicity > 0 && toxicity < 1)
    return 'Toxiproxy does not tell which connections a toxicity below 1 hit, so nothing could be attributed to it';
  return null;
}

/** A proxy as both APIs show it; `closed` and `faults` are ours. */
export interface ProxyView {
  name: string;
  listen: string;
  upstream: string;
  enabled: boolean;
  closed?: string;
  toxics: { name: string }[];
  faults?: { name: string }[];
}

/**
 * Makes a proxy anew, without a fault, where its API no longer lifts one (Toxiproxy #558).
 * @param proxy its URL, such as `http://127.0.0.1:8474/proxies/llm`
 * @throws EnvironmentError where that hangs too
 */
export async function recreateProxy(proxy: string, doing: string, limitMs: number): Promise<void> {
  const limit = (): AbortSignal => AbortSignal.timeout(limitMs);
  try {
    const shown = await fetch(proxy, { signal: limit() });
    const { name, listen, upstream } = (await shown.json()) as ProxyView;
    const removed = await fetch(proxy, { method: 'DELETE', signal: limit() });
    if (!removed.ok) throw new Error(`removing the proxy was answered ${removed.status}`);
    const body = JSON.stringify({ name, listen, upstream });
    const made = await fetch(new URL('/proxies', proxy), { method: 'POST', body, signal: limit() });
    if (!made.ok) throw new Error(`making the proxy anew was answered ${made.status}`);
  } catch (error) {
    throw new EnvironmentError(
      `${doing}: the control API hangs, and so does every way around it: ${messageOf(error)}`,
    );
  }
}

/** Lifts everything on a Toxiproxy: asks it to reset, and where it does not, makes each faulted proxy anew. */
export async function resetToxiproxy(url: string, limitMs: number): Promise<void> {
  const asked = await fetch(`${url}/reset`, { method: 'POST', signal: AbortSignal.timeout(limitMs) }).catch(
    () => null,
  );
  if (asked?.ok === true) return;
  const listed = await fetch(`${url}/proxies`, { signal: AbortSignal.timeout(limitMs) });
  const proxies = (await listed.json()) as Record<string, ProxyView>;
  for (const { name, enabled, toxics } of Object.values(proxies)) {
    if (enabled && toxics.length === 0) continue;
    await recreateProxy(`${url}/proxies/${encodeURIComponent(name)}`, `resetting ${name}`, limitMs);
  }
}
