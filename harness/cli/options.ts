/** Options that several commands share. */
import { InvalidArgumentError, Option } from 'commander';
import type { Environment } from '../environment/environment.ts';
import { ENVIRONMENTS } from '../environment/registry.ts';
import { UsageError } from '../model/errors.ts';
import { LinkEngine, LoadEngineName } from '../model/scenario.ts';
import type { Shard } from '../scenario/select.ts';
import { PARALLEL_DEFAULT } from '../scenario/suite.ts';

const PARALLEL_MAX = 64;
/** A day. */
const LIMIT_S_MAX = 86_400;
const SEED_MAX = 2 ** 31 - 1;
/** More machines than anyone gives a nightly run; keeps a slip of the finger from making a million rows. */
export const SHARDS_MAX = 1_000;

/** A whole number from `min` to `max`, or commander's one-sentence complaint. */
export function wholeNumber(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (!/^\d+$/.test(text) || value < min || value > max)
      throw new InvalidArgumentError(`It must be a whole number from ${min} to ${max}.`);
    return value;
  };
}

/** A number from `min` to `max`. */
export function number(min: number, max: number): (text: string) => number {
  return (text) => {
    const value = Number(text);
    if (text.trim() === '' || !(value >= min && value <= max))
      throw new InvalidArgumentError(`It must be a number from ${min} to ${max}.`);
    return value;
  };
}

/** `.addOption(LINKS())` */
export const LINKS = (): Option =>
  new Option('--links <engine>', 'who injects toxics: our links, or a real Toxiproxy behind them')
    .choices(LinkEngine.options)
    .default(undefined, "the environment's own way");

/** `.addOption(LOAD())` */
export const LOAD = (): Option =>
  new Option('--load <engine>', 'who sends the requests: our engine, or k6 (K6_BINARY, or on PATH)')
    .choices(LoadEngineName.options)
    .default('embedded');

/** `.addOption(ENV())` */
export const ENV = (): Option =>
  new Option('--env <environment>', 'where the target and its dependencies run')
    .choices([...ENVIRONMENTS.keys()])
    .default('embedded');

/** `.option(...YES)` */
export const YES = [
  '--yes',
  'do not ask before touching what is not on loopback (attach.allowTargets must have it all the same)',
] as const;

/** The environment of that name. */
export function environmentOf(name: string): Environment {
  const environment = ENVIRONMENTS.get(name);
  if (environment === undefined) throw new UsageError(`--env: no environment "${name}"`);
  return environment;
}

/** `.option(...SEED)` */
export const SEED = [
  '--seed <n>',
  'repeat the random choices of an earlier run',
  wholeNumber(0, SEED_MAX),
] as const;

/** `.option(...PARALLEL)` */
export const PARALLEL = [
  '--parallel <n>',
  'scenarios at a time',
  wholeNumber(1, PARALLEL_MAX),
  PARALLEL_DEFAULT,
] as const;

/** Targets at a time where many runs are compared: what is seen once must not be the machine's doing. */
export const PARALLEL_CAREFUL = 3;

/** `.option(...LIMIT)` */
export const LIMIT = [
  '--limit <seconds>',
  'guard: when the run takes longer, lift every fault, go down and exit 4',
  wholeNumber(1, LIMIT_S_MAX),
] as const;

/** `.option(...TAG)`. Not variadic: `--tag nightly scenarios/llm` would take the folder for a tag. */
export const TAG = [
  '--tag <tag>',
  'only scenarios with this tag, or, as !tag, without it; again for more: any of them',
  (tag: string, earlier: string[] = []): string[] => {
    if (!/^!?[^!\s]+$/.test(tag)) throw new InvalidArgumentError('It must be a tag, or ! and a tag.');
    return [...earlier, tag];
  },
] as const;

/** `.option(...LONG_TOO)` */
export const LONG_TOO = [
  '--long',
  'also scenarios with the tag long, which take many minutes; a tag long or the name of the file does so too',
] as const;

/** `.option(...SHARD)` */
export const SHARD = [
  '--shard <i/n>',
  'only part i of n: parts of about equal length that together are everything',
  (text: string): Shard => {
    const [, index = 0, total = 0] = /^(\d+)\/(\d+)$/.exec(text)?.map(Number) ?? [];
    if (index < 1 || index > total || total > SHARDS_MAX)
      throw new InvalidArgumentError(`It must be i/n, from 1/n to n/n, with n at most ${SHARDS_MAX}.`);
    return { index, total };
  },
] as const;

/** `2/3`, as `--shard` takes it. */
export function shardText({ index, total }: Shard): string {
  return `${index}/${total}`;
}
