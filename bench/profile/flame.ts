/** A flame graph as SVG: each function above its caller, as wide as what it cost with all it called. Pure. */
import type { Frame } from './sections.ts';

const WIDTH = 1_200;
const ROW = 17;
/** What is narrower than this cannot be seen, nor pointed at. */
const WIDTH_MIN = 0.6;
/** From here on a name fits in part. */
const TEXT_WIDTH_MIN = 26;
const CHARACTER_WIDTH = 6.6;
const DEPTH_MAX = 60;

/** @param format a value with its unit, such as `12.5 ms` */
export function renderFlame(root: Frame, label: string, format: (value: number) => string): string {
  const rects: string[] = [];
  let depth = 0;
  const draw = (frame: Frame, x: number, level: number): void => {
    const width = (frame.total / root.total) * WIDTH;
    if (width < WIDTH_MIN || level > DEPTH_MAX) return;
    depth = Math.max(depth, level);
    rects.push(rect(frame, x, width, level, format, root.total));
    let at = x;
    for (const child of frame.children) {
      draw(child, at, level + 1);
      at += (child.total / root.total) * WIDTH;
    }
  };
  if (root.total > 0) draw(root, 0, 0);
  const height = (depth + 1) * ROW;
  return `<svg class="flame" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escaped(label)}">${rects.join('')}</svg>`;
}

function rect(
  frame: Frame,
  x: number,
  width: number,
  level: number,
  format: (value: number) => string,
  all: number,
): string {
  const share = ((100 * frame.total) / all).toFixed(1);
  const about = `${frame.name}${frame.where === '' ? '' : ` (${frame.where})`}: ${format(frame.total)}, ${share} %; itself ${format(frame.self)}`;
  const characters = Math.floor((width - 6) / CHARACTER_WIDTH);
  const text =
    width < TEXT_WIDTH_MIN
      ? ''
      : `<text x="${f(x + 3)}" y="${level * ROW + 12}">${escaped(frame.name.slice(0, characters))}</text>`;
  return `<g><title>${escaped(about)}</title><rect class="${kindOf(frame)}" x="${f(x)}" y="${level * ROW}" width="${f(width)}" height="${ROW - 1}"/>${text}</g>`;
}

/** Whose code a frame is: its colour. */
export function kindOf({ where, name }: Frame): 'ours' | 'library' | 'node' | 'engine' {
  if (where === '') return name.startsWith('(') ? 'engine' : 'node';
  if (where.startsWith('node:')) return 'node';
  return /^(services|harness|bench|test)\//.test(where) ? 'ours' : 'library';
}

export function escaped(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

/** Coordinates to a tenth: finer cannot be seen. */
function f(value: number): string {
  return value.toFixed(1);
}
