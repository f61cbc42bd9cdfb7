/** Just enough of PromQL to know which series a query reads, and to shorten the times of a rule. */

/** Words that are no series: operators and modifiers. Functions are known by their parenthesis. */
const WORDS = new Set(
  'and or unless by without on ignoring group_left group_right bool offset atan2 inf nan start end'.split(
    ' ',
  ),
);

/** Names of the series that a query reads, each once. */
export function seriesOf(expression: string): string[] {
  const bare = expression
    .replace(/"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'/g, '')
    .replace(/\{[^}]*\}/g, ' ')
    .replace(/\[[^\]]*\]/g, ' ')
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, ' ');
  const found = new Set<string>();
  for (const { 0: name, index } of bare.matchAll(/[a-zA-Z_:][\w:]*/g)) {
    const isNumber = /[\d.]$/.test(bare.slice(0, index)); // the unit of a duration, or an exponent
    const isCall = /^\s*\(/.test(bare.slice(index + name.length));
    if (!isNumber && !isCall && !WORDS.has(name.toLowerCase())) found.add(name);
  }
  return [...found];
}

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/** A duration of Prometheus in ms: `1m30s`. */
export function durationMs(text: string): number {
  const parts = [...text.matchAll(/(\d+)(ms|[smhd])/g)];
  if (parts.map(([part]) => part).join('') !== text) throw new Error(`${text} is no duration`);
  return parts.reduce((sum, [, count, unit = '']) => sum + Number(count) * (UNITS_MS[unit] ?? 0), 0);
}

/** The ranges of a query, each so many times shorter; nothing else of it changes. */
export function withShorterRanges(expression: string, factor: number): string {
  return expression.replace(
    /"(?:[^"\\]|\\.)*"|\[(\w+)\]/g,
    // What stands in quotes is a label's value, whatever it looks like.
    (all, range?: string) => (range === undefined ? all : `[${durationMs(range) / factor}ms]`),
  );
}

/**
 * The query with its comparisons answering 0 or 1, so that it has data also where nothing is compared
 * true. Comparisons stand between spaces or at the start of a line in all our rules.
 */
export function answering(expression: string): string {
  return expression.replace(/(^|\s)(==|!=|>=|<=|>|<)\s/gm, '$1$2 bool ');
}
