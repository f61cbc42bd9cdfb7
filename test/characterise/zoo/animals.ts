/** All services of the zoo, and what is true of each. */
import type { Config } from '../../../harness/model/config.ts';
import { drawPolicy, truthOf } from '../policies.ts';
import * as bare from './bare.truth.ts';
import * as cockatielConsecutive from './cockatiel-consecutive.truth.ts';
import * as cockatielCount from './cockatiel-count.truth.ts';
import * as cockatielCountRetryOutside from './cockatiel-count-retry-outside.truth.ts';
import * as cockatielRetryInside from './cockatiel-retry-inside.truth.ts';
import * as cockatielRetryOutside from './cockatiel-retry-outside.truth.ts';
import * as cockatielSampling from './cockatiel-sampling.truth.ts';
import * as cockatielSamplingRetryInside from './cockatiel-sampling-retry-inside.truth.ts';
import { mimoConfig, mimoDatabaseConfig, zooConfig } from './measure-one.ts';
import { truth as mimo } from './mimo.truth.ts';
import { truth as mimoDatabase } from './mimo-database.truth.ts';
import * as openaiClient from './openai-client.truth.ts';
import * as opossum from './opossum.truth.ts';
import * as pgBare from './pg-bare.truth.ts';
import * as pgCockatiel from './pg-cockatiel.truth.ts';
import * as pgRetry from './pg-retry.truth.ts';
import * as tcpCockatiel from './tcp-cockatiel.truth.ts';
import * as timeoutAlone from './timeout-alone.truth.ts';
import type { Truth } from './truth.ts';
import * as undiciInCockatiel from './undici-in-cockatiel.truth.ts';
import * as undiciRetry from './undici-retry.truth.ts';

export interface Animal {
  config: () => Config;
  link: string;
  truth: Truth;
  /** Right where it is told; to know nothing of it is right too. */
  unlessUnknown: Truth;
}

const files: Record<string, { truth: Truth; unlessUnknown?: Truth }> = {
  bare,
  'timeout-alone': timeoutAlone,
  'cockatiel-consecutive': cockatielConsecutive,
  'cockatiel-count': cockatielCount,
  'cockatiel-sampling': cockatielSampling,
  'cockatiel-retry-inside': cockatielRetryInside,
  'cockatiel-retry-outside': cockatielRetryOutside,
  'cockatiel-count-retry-outside': cockatielCountRetryOutside,
  'cockatiel-sampling-retry-inside': cockatielSamplingRetryInside,
  opossum,
  'undici-retry': undiciRetry,
  'undici-in-cockatiel': undiciInCockatiel,
  'openai-client': openaiClient,
  'pg-bare': pgBare,
  'pg-cockatiel': pgCockatiel,
  'pg-retry': pgRetry,
  'tcp-cockatiel': tcpCockatiel,
};

/** Seeds of the drawn ones; no choice has gone into them. */
export const DRAWN_SEEDS = Array.from({ length: 12 }, (_, i) => 101 + i);

export const ANIMALS: Record<string, Animal> = {
  ...Object.fromEntries(
    Object.entries(files).map(([file, { truth, unlessUnknown = {} }]) => [
      file,
      { config: () => zooConfig(file), link: 'dep', truth, unlessUnknown },
    ]),
  ),
  mimo: { config: mimoConfig, link: 'llm', truth: mimo, unlessUnknown: {} },
  'mimo-database': { config: mimoDatabaseConfig, link: 'database', truth: mimoDatabase, unlessUnknown: {} },
  ...Object.fromEntries(
    DRAWN_SEEDS.map((seed) => [
      `drawn-${seed}`,
      {
        config: () => zooConfig('drawn', { ZOO_SEED: String(seed) }),
        link: 'dep',
        truth: truthOf(drawPolicy(seed)),
        unlessUnknown: {},
      },
    ]),
  ),
};
