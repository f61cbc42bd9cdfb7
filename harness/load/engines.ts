/** Every load engine there is. */
import type { LoadEngineName } from '../model/scenario.ts';
import { embeddedLoad } from './engine.ts';
import { k6Load } from './k6/engine.ts';
import type { LoadEngine } from './load-engine.ts';

export const LOAD_ENGINES: Readonly<Record<LoadEngineName, LoadEngine>> = {
  embedded: embeddedLoad,
  k6: k6Load,
};
