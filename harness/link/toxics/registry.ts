/** Every toxic there is. To add one: a file beside this one, and a line here. */
import type { ToxicType } from '../toxic.ts';
import { acceptThenFin } from './accept_then_fin.ts';
import { bandwidth } from './bandwidth.ts';
import { halfOpen } from './half_open.ts';
import { latency } from './latency.ts';
import { limitData } from './limit_data.ts';
import { noop } from './noop.ts';
import { resetPeer } from './reset_peer.ts';
import { slicer } from './slicer.ts';
import { slowClose } from './slow_close.ts';
import { timeout } from './timeout.ts';

/** Those a real Toxiproxy has too. */
const TOXIPROXY = [bandwidth, latency, limitData, noop, resetPeer, slicer, slowClose, timeout];
const all = [...TOXIPROXY, acceptThenFin, halfOpen];

/** Names of the toxics that a real Toxiproxy has too. */
export const TOXIPROXY_TOXICS: ReadonlySet<string> = new Set(TOXIPROXY.map(({ type }) => type));

export const TOXICS: ReadonlyMap<string, ToxicType> = new Map(all.map((toxic) => [toxic.type, toxic]));
