/** What was explained, as text: aligned columns for a terminal, or a table in Markdown. Pure. */
import type { Judged } from './plan.ts';

const HEAD = ['statement', 'ms', 'pages', 'rows', 'reads', 'verdict'];

export function explainTable(judged: readonly Judged[]): string {
  return aligned([HEAD, ...judged.map(row)]);
}

function row({ statement, tookMs, pages, rows, reads, fault }: Judged): string[] {
  const numbers = [tookMs.toFixed(1), String(pages), String(rows)];
  return [statement.name, ...numbers, reads.join(', '), fault === null ? 'good' : `BAD: ${fault}`];
}

export function aligned(rows: readonly (readonly string[])[]): string {
  const widths = rows.reduce<number[]>(
    (widest, cells) => cells.map((cell, i) => Math.max(widest[i] ?? 0, cell.length)),
    [],
  );
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, i) => cell.padEnd(widths[i] ?? 0))
      .join('  ')
      .trimEnd();
  return rows.map(line).join('\n');
}

export function markdown([head = [], ...rows]: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}
