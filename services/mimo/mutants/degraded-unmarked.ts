/** F3: a cached or default answer comes back as ok and looks like a real one. */
import type { Mutate } from '../parts.ts';
import type { LinkParts } from '../served.ts';

export const degradedUnmarked: Mutate = (parts) => ({
  ...parts,
  mark(links) {
    const live: LinkParts = Object.fromEntries(
      Object.keys(links).map((link) => [link, { by: 'live', ageMs: null }]),
    );
    return parts.mark(live);
  },
});
