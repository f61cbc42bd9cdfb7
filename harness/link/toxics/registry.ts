/** Every toxic there is. To add one: a file beside this one, and a line here. */
import type { ToxicType } from '../toxic.ts';
import { bandwidth } from './bandwidth.ts';
import { latency } from './latency.ts';
import { limitData } from './limit_data.ts';
import { noop } from './noop.ts';
import { resetPeer } from './reset_peer.ts';
import { slicer } from './slicer.ts';
import { slowClose } from './slow_close.ts';
import { timeout } from './timeout.ts';

const all = [bandwidth, latency, limitData, noop, resetPeer, slicer, slowClose, timeout];

export const TOXICS: ReadonlyMap<string, ToxicType> = new Map(all.map((toxic) => [toxic.type, toxic]));
