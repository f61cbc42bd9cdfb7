/** The retry amplification of a whole suite: the most that any of its scenarios saw. */
import type { ReportedScenario } from './results.ts';

/** What is told of it in one sentence; null where no scenario looked. */
export function amplification(scenarios: readonly ReportedScenario[]): string | null {
  const seen = scenarios.flatMap(({ name, judgements }) =>
    judgements.flatMap(({ check, link, verdict }) => {
      const during = verdict.numbers.during?.value;
      return check === 'retry-amplification' && during !== undefined
        ? [{ name, link: link ?? '', times: during, most: verdict.numbers.most?.value ?? 0 }]
        : [];
    }),
  );
  const [worst] = seen.toSorted((a, b) => b.times - a.times);
  if (worst === undefined) return null;
  const most = Math.max(...seen.map(({ most }) => most));
  return `retry amplification: at most ${worst.times.toFixed(2)} times the usual attempts during an outage (${worst.name}, link ${worst.link}), at most ${most} for one request`;
}
