/**
 * The head of a request or response. Most heads are read for framing and recognition only, so those
 * few headers are picked out in one pass, and the rest is left as text until somebody asks.
 */

/** The headers that framing and recognition need. */
const PICKED = [
  'connection',
  'content-encoding',
  'content-length',
  'content-type',
  'expect',
  'retry-after',
  'traceparent',
  'transfer-encoding',
  'upgrade',
  'x-request-id',
] as const;
type Picked = (typeof PICKED)[number];

/** By the length of the name: a look at it spares making a string of every other name. */
const PICKED_BY_LENGTH: Picked[][] = [];
for (const name of PICKED) {
  const sameLength = PICKED_BY_LENGTH[name.length];
  if (sameLength === undefined) PICKED_BY_LENGTH[name.length] = [name];
  else sameLength.push(name);
}

const CR = 13;
const START_LINE = /^(HTTP\/1\.[01] \d{3}|[!#$%&'*+.^_`|~0-9A-Za-z-]+ \S+ HTTP\/1\.[01]$)/;

export class Head {
  /** Request line or status line. */
  readonly start: string;
  /** The whole head as it came, empty line included. */
  readonly text: string;
  readonly #picked: { name: Picked; value: string }[] | null;
  #headers: ReadonlyMap<string, string> | null = null;

  private constructor(start: string, text: string, picked: { name: Picked; value: string }[] | null) {
    this.start = start;
    this.text = text;
    this.#picked = picked;
  }

  /** Null where the first line is none of HTTP/1. */
  static parse(text: string): Head | null {
    const firstLf = text.indexOf('\n');
    const start = text.slice(0, endOfLine(text, firstLf));
    if (!START_LINE.test(start)) return null;
    let picked: { name: Picked; value: string }[] | null = null;
    for (let from = firstLf + 1, lf = text.indexOf('\n', from); lf !== -1; lf = text.indexOf('\n', from)) {
      const colon = text.indexOf(':', from);
      if (colon === -1) break; // nor will any later line have one
      const name = colon < lf ? pickedName(text, from, colon) : undefined;
      if (name !== undefined) {
        picked ??= [];
        picked.push({ name, value: text.slice(colon + 1, endOfLine(text, lf)).trim() });
      }
      from = lf + 1;
    }
    return new Head(start, text, picked);
  }

  /** The value of a header; of repeated ones the last. */
  get(name: Picked): string | undefined {
    return this.#picked?.findLast((header) => header.name === name)?.value;
  }

  /** All headers: names in lower case; of repeated ones the last counts. */
  get headers(): ReadonlyMap<string, string> {
    this.#headers ??= readHeaders(this.text);
    return this.#headers;
  }
}

function pickedName(text: string, from: number, colon: number): Picked | undefined {
  const candidates = PICKED_BY_LENGTH[colon - from];
  if (candidates === undefined) return undefined;
  const name = text.slice(from, colon).toLowerCase();
  return candidates.find((candidate) => candidate === name);
}

function readHeaders(text: string): Map<string, string> {
  const headers = new Map<string, string>();
  for (
    let from = text.indexOf('\n') + 1, lf = text.indexOf('\n', from);
    lf !== -1;
    lf = text.indexOf('\n', from)
  ) {
    const colon = text.indexOf(':', from);
    if (colon > from && colon < lf)
      headers.set(text.slice(from, colon).toLowerCase(), text.slice(colon + 1, endOfLine(text, lf)).trim());
    from = lf + 1;
  }
  return headers;
}

/** Where the line that ends with the newline at `lf` ends without it; bare LF is tolerated. */
function endOfLine(text: string, lf: number): number {
  return text.charCodeAt(lf - 1) === CR ? lf - 1 : lf;
}
