/**
 * Calls to the API in order, section by section, each section on a server without proxies. A plain line:
 * ours, Toxiproxy 2.12.0 and 2.5.0 answer the same. `why`: ours differs on purpose; both answers are
 * given. `old`: 2.5.0 differs from 2.12.0, which is what ours follows (together with `why`: from `real`).
 */
import { MANY } from './many.ts';
import { PROXIES } from './proxies.ts';
import type { Sections } from './row.ts';
import { TOXICS } from './toxics.ts';

export const SECTIONS: Sections = { ...PROXIES, ...TOXICS, ...MANY };
