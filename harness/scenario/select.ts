/**
 * Which scenarios a command is about: those with certain tags, and of those one shard. A shard is the same
 * on every machine and whatever the order of files, because it depends on names and declared lengths alone.
 */
import { UsageError } from '../model/errors.ts';
import { phasesOf } from '../model/scenario.ts';
import type { LoadedScenario } from './load.ts';

/** One part of a run: number `index` of `total`, counted from 1. */
export interface Shard {
  index: number;
  total: number;
}

export interface Selection {
  /** A scenario with any of them is taken; one with a `!tag` is not. */
  tags?: readonly string[] | undefined;
  shard?: Shard | undefined;
}

const NOT = '!';

/** Tag of scenarios that take many minutes. */
export const LONG = 'long';

/** Parts off the scenarios with tag `long`, unless that tag or their own file (relative to the config's folder) is asked for. */
export function partLong(
  scenarios: readonly LoadedScenario[],
  { tags = [], files = [] }: { tags?: readonly string[] | undefined; files?: readonly string[] },
): { short: LoadedScenario[]; long: LoadedScenario[] } {
  const isLong = ({ file, scenario }: LoadedScenario): boolean =>
    scenario.tags.includes(LONG) && !tags.includes(LONG) && !files.includes(file);
  return { short: scenarios.filter((one) => !isLong(one)), long: scenarios.filter(isLong) };
}

/** @throws UsageError where no scenario has the tags. An empty shard is no error: there may be fewer scenarios than shards. */
export function selectScenarios(
  scenarios: readonly LoadedScenario[],
  { tags = [], shard }: Selection,
): LoadedScenario[] {
  const tagged = withTags(scenarios, tags);
  if (tagged.length === 0) throw new UsageError(nothingLeft(scenarios, tags));
  return shard === undefined ? tagged : shardOf(tagged, shard);
}

/** The scenarios that have any of the tags (all, where none is asked for) and none of the `!tags`. */
export function withTags(scenarios: readonly LoadedScenario[], tags: readonly string[]): LoadedScenario[] {
  const wanted = tags.filter((tag) => !tag.startsWith(NOT));
  const unwanted = tags.filter((tag) => tag.startsWith(NOT)).map((tag) => tag.slice(NOT.length));
  return scenarios.filter(
    ({ scenario }) =>
      (wanted.length === 0 || scenario.tags.some((tag) => wanted.includes(tag))) &&
      !scenario.tags.some((tag) => unwanted.includes(tag)),
  );
}

/**
 * The scenarios of one shard, in the order given. Longest first, each to the shard with the least so far:
 * no shard is longer than another by more than one scenario. All shards together are all scenarios, once.
 */
export function shardOf(scenarios: readonly LoadedScenario[], { index, total }: Shard): LoadedScenario[] {
  const lengths = new Map(scenarios.map(({ scenario }) => [scenario.name, phasesOf(scenario).endAtMs]));
  const longestFirst = [...lengths].sort(
    ([nameA, lengthA], [nameB, lengthB]) => lengthB - lengthA || (nameA < nameB ? -1 : 1),
  );
  const totalsMs = Array.from({ length: total }, () => 0);
  const mine = new Set<string>();
  for (const [name, lengthMs] of longestFirst) {
    const least = totalsMs.indexOf(Math.min(...totalsMs));
    totalsMs[least] = (totalsMs[least] ?? 0) + lengthMs;
    if (least === index - 1) mine.add(name);
  }
  return scenarios.filter(({ scenario }) => mine.has(scenario.name));
}

function nothingLeft(scenarios: readonly LoadedScenario[], tags: readonly string[]): string {
  const there = [...new Set(scenarios.flatMap(({ scenario }) => scenario.tags))].sort();
  const known = there.length === 0 ? 'they have no tags' : `their tags are ${there.join(', ')}`;
  return `--tag ${tags.join(' --tag ')}: none of the ${scenarios.length} scenarios is left; ${known}`;
}
