/** Axes of a plot, linear or logarithmic, as SVG. A plot brings its own colours, so that it can stand alone. */

export const INK = '#1c2026';
export const DIM = '#6a7280';
const LINE = '#e3e6ea';
/** Colours that people who see few colours can tell apart (Okabe and Ito). */
export const COLOURS = ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#e69f00', '#56b4e9'] as const;

export interface Axis {
  title: string;
  from: number;
  to: number;
  isLog: boolean;
  /** Where marks stand, and what is written at them. */
  ticks: readonly (readonly [value: number, text: string])[];
}

export interface Frame {
  width: number;
  height: number;
  left: number;
  right: number;
  top: number;
  bottom: number;
}

/** From a value to its place. Values outside lie on the edge. */
export function scale({ from, to, isLog }: Axis, start: number, end: number): (value: number) => number {
  const at = isLog ? (value: number) => Math.log10(Math.max(value, from)) : (value: number) => value;
  const span = at(to) - at(from) || 1;
  return (value) => start + Math.min(1, Math.max(0, (at(value) - at(from)) / span)) * (end - start);
}

/** Grid lines, marks and titles of both axes. */
export function axes(x: Axis, y: Axis, frame: Frame): string {
  const { width, height, left, right, top, bottom } = frame;
  const px = scale(x, left, width - right);
  const py = scale(y, height - bottom, top);
  const down = x.ticks.map(([value, text]) => {
    const at = f(px(value));
    return `<line x1="${at}" x2="${at}" y1="${top}" y2="${height - bottom}" stroke="${LINE}"/>${label(text, px(value), height - bottom + 16, 'middle')}`;
  });
  const across = y.ticks.map(([value, text]) => {
    const at = f(py(value));
    return `<line x1="${left}" x2="${width - right}" y1="${at}" y2="${at}" stroke="${LINE}"/>${label(text, left - 8, py(value) + 4, 'end')}`;
  });
  const middle = (top + height - bottom) / 2;
  return [
    ...down,
    ...across,
    `<rect x="${left}" y="${top}" width="${width - left - right}" height="${height - top - bottom}" fill="none" stroke="${DIM}"/>`,
    label(x.title, (left + width - right) / 2, height - bottom + 36, 'middle', INK),
    `<text x="16" y="${middle}" font-size="12" fill="${INK}" text-anchor="middle" transform="rotate(-90 16 ${middle})">${escapeXml(y.title)}</text>`,
  ].join('');
}

export function label(
  text: string,
  x: number,
  y: number,
  anchor: 'start' | 'middle' | 'end' = 'start',
  colour: string = DIM,
): string {
  return `<text x="${f(x)}" y="${f(y)}" font-size="12" fill="${colour}" text-anchor="${anchor}">${escapeXml(text)}</text>`;
}

/** A whole picture on white. */
export function picture(title: string, { width, height }: Frame, parts: readonly string[]): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeXml(title)}" font-family="system-ui,sans-serif"><rect width="${width}" height="${height}" fill="#fff"/>${parts.join('')}</svg>`;
}

/** Round numbers between two others, for a linear axis. */
export function roundTicks(from: number, to: number, count = 6): [number, string][] {
  const rough = (to - from) / count || 1;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((factor) => factor * power).find((size) => size >= rough) ?? power * 10;
  const ticks: [number, string][] = [];
  for (let value = Math.ceil(from / step) * step; value <= to + step / 1000; value += step)
    ticks.push([value, String(Number(value.toPrecision(6)))]);
  return ticks;
}

/** Coordinates to a tenth: finer cannot be seen. */
export function f(value: number): string {
  return value.toFixed(1);
}

export function escapeXml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}
