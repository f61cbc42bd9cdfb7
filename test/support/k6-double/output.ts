/** Writes points as k6 documents its JSON output, and judges the thresholds that our scripts set. */
import { appendFileSync, writeFileSync } from 'node:fs';

interface Point {
  metric: string;
  value: number;
  tags: Record<string, string>;
}

export class Output {
  readonly #file: string;
  readonly #known = new Set<string>();
  readonly #points: Point[] = [];

  constructor(file: string) {
    this.#file = file;
    writeFileSync(file, '');
  }

  point(metric: string, type: string, value: number, tags: Record<string, string>, atMs = wallMs()): void {
    if (!this.#known.has(metric)) {
      this.#known.add(metric);
      const contains = type === 'trend' ? 'time' : 'default';
      const data = { name: metric, type, contains, thresholds: [], submetrics: null };
      this.#write({ type: 'Metric', data, metric });
    }
    this.#points.push({ metric, value, tags });
    this.#write({ metric, type: 'Point', data: { time: rfc3339(atMs), value, tags } });
  }

  /** Thresholds that do not hold, such as `http_req_failed{window:before}: rate<=0.01`. */
  crossed(thresholds: Record<string, string[]>): string[] {
    return Object.entries(thresholds).flatMap(([name, expressions]) => {
      const [, metric, filter = ''] = /^(\w+)(?:\{(.*)\})?$/.exec(name) ?? [];
      const wanted = filter === '' ? [] : filter.split(',').map((pair) => pair.split(':'));
      const values = this.#points
        .filter(
          (point) => point.metric === metric && wanted.every(([tag = '', text]) => point.tags[tag] === text),
        )
        .map(({ value }) => value);
      return expressions.filter((expression) => !holds(expression, values)).map((text) => `${name}: ${text}`);
    });
  }

  #write(line: object): void {
    appendFileSync(this.#file, `${JSON.stringify(line)}\n`);
  }
}

function holds(expression: string, values: readonly number[]): boolean {
  if (values.length === 0) return true;
  const [, rank, limit = ''] = /^(?:rate|p\(([\d.]+)\))<=?([\d.]+)$/.exec(expression) ?? [];
  if (limit === '') throw new Error(`the double knows no threshold like ${expression}`);
  if (rank === undefined)
    return values.reduce((sum, value) => sum + value, 0) / values.length <= Number(limit);
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.ceil((Number(rank) / 100) * sorted.length) - 1] ?? 0) < Number(limit);
}

export function wallMs(): number {
  return performance.timeOrigin + performance.now();
}

/** With nine digits and a zone of its own, as k6 writes local time. */
function rfc3339(ms: number): string {
  const nanoseconds = String(Math.floor((ms % 1_000) * 1e6)).padStart(9, '0');
  const local = new Date(Math.floor(ms / 1_000) * 1_000 + 2 * 3_600_000).toISOString();
  return `${local.slice(0, 19)}.${nanoseconds}+02:00`;
}
