/** Growth as a picture: time over size, both logarithmic, solid with the indexes and dashed without. Pure. */
import {
  type Axis,
  axes,
  COLOURS,
  DIM,
  type Frame,
  f,
  INK,
  label,
  picture,
  scale,
} from '../../harness/report/plot.ts';
import { LIMIT_MS, type Point } from './growth.ts';
import { aligned, markdown } from './table.ts';

/** Those whose lines tell something; the table has all. */
const SHOWN = ['closureForward', 'path', 'closureBackward', 'relationships', 'match', 'byPredicate'] as const;
const LEGEND_LINE = 18;
const PLOT_HEIGHT = 420;
/** What an answer may take; db:explain fails above it. */
const TARGET_MS = 100;

const TIMES: readonly [number, string][] = [
  [0.1, '0.1 ms'],
  [1, '1 ms'],
  [10, '10 ms'],
  [100, '100 ms'],
  [1_000, '1 s'],
  [10_000, '10 s'],
  [LIMIT_MS, '60 s'],
];

export function renderGrowth(points: readonly Point[], about: string): string {
  const sizes = [...new Set(points.map(({ triples }) => triples))].toSorted((a, b) => a - b);
  const lines = SHOWN.length + 1;
  const frame: Frame = {
    width: 760,
    height: PLOT_HEIGHT + 80 + lines * LEGEND_LINE,
    left: 74,
    right: 16,
    top: 16,
    bottom: 64 + lines * LEGEND_LINE,
  };
  const x: Axis = {
    title: 'triples in the store',
    from: sizes[0] ?? 1,
    to: sizes.at(-1) ?? 1,
    isLog: true,
    ticks: sizes.map((size) => [size, sizeText(size)]),
  };
  const y: Axis = { title: 'time of one statement', from: 0.05, to: 100_000, isLog: true, ticks: TIMES };
  const px = scale(x, frame.left, frame.width - frame.right);
  const py = scale(y, frame.height - frame.bottom, frame.top);
  const parts = [axes(x, y, frame)];
  parts.push(
    `<line x1="${frame.left}" x2="${frame.width - frame.right}" y1="${f(py(TARGET_MS))}" y2="${f(py(TARGET_MS))}" stroke="${DIM}" stroke-dasharray="2 4"/>`,
    label(`limit of db:explain: ${TARGET_MS} ms`, frame.left + 6, py(TARGET_MS) - 5),
  );
  const top = frame.height - lines * LEGEND_LINE;
  for (const [i, name] of SHOWN.entries()) {
    const colour = COLOURS[i % COLOURS.length] ?? INK;
    for (const hasIndexes of [true, false]) {
      const at = points
        .filter((point) => point.statement === name && point.hasIndexes === hasIndexes)
        .toSorted((a, b) => a.triples - b.triples)
        .map(({ triples, tookMs }) => [px(triples), py(tookMs ?? LIMIT_MS)] as const);
      const dash = hasIndexes ? '' : ' stroke-dasharray="7 4"';
      const d = at.map(([atX, atY], n) => `${n === 0 ? 'M' : 'L'}${f(atX)} ${f(atY)}`).join('');
      parts.push(`<path d="${d}" fill="none" stroke="${colour}" stroke-width="2"${dash}/>`);
      for (const [atX, atY] of at)
        parts.push(
          `<circle cx="${f(atX)}" cy="${f(atY)}" r="3" fill="${hasIndexes ? colour : '#fff'}" stroke="${colour}"/>`,
        );
    }
    const atY = top + i * LEGEND_LINE;
    parts.push(
      `<line x1="${frame.left}" x2="${frame.left + 28}" y1="${atY}" y2="${atY}" stroke="${colour}" stroke-width="2"/>`,
      label(name, frame.left + 36, atY + 4, 'start', INK),
    );
  }
  parts.push(
    label(
      `solid: with the five indexes, dashed: without (${about})`,
      frame.left,
      top + SHOWN.length * LEGEND_LINE + 4,
    ),
  );
  return picture('Time of each statement of the semantic store over its size', frame, parts);
}

/** One row a statement, one column a size: with the indexes / without, in ms. */
export function growthTable(points: readonly Point[], as: 'text' | 'markdown'): string {
  const sizes = [...new Set(points.map(({ triples }) => triples))].toSorted((a, b) => a - b);
  const names = [...new Set(points.map(({ statement }) => statement))];
  const of = (statement: string, triples: number, hasIndexes: boolean): string => {
    const point = points.find(
      (one) => one.statement === statement && one.triples === triples && one.hasIndexes === hasIndexes,
    );
    if (point === undefined) return '–';
    return point.tookMs === null ? `> ${LIMIT_MS}` : point.tookMs.toFixed(point.tookMs < 10 ? 2 : 0);
  };
  const cell = (statement: string, size: number): string =>
    `${of(statement, size, true)} / ${of(statement, size, false)}`;
  const rows = [
    ['ms with / without', ...sizes.map(sizeText)],
    ...names.map((name) => [name, ...sizes.map((size) => cell(name, size))]),
  ];
  return as === 'text' ? aligned(rows) : markdown(rows);
}

function sizeText(size: number): string {
  return size >= 1_000_000 ? `${size / 1_000_000} M` : `${size / 1_000} k`;
}
