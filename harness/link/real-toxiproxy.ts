/** What a real Toxiproxy, in the place of our links, cannot do. */
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
