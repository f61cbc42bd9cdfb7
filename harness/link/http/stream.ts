/**
 * Streams of events inside an HTTP body: server-sent events (an empty line ends each) and NDJSON (a
 * line each). Splits bytes, in any cut of them, into whole events; it parses none.
 */

/** How the events of a body end. */
export type EventFormat = 'sse' | 'ndjson';

/** An event longer than this is told in pieces: nobody sends one, and memory has a bound. */
const EVENT_BYTES_MAX = 1024 * 1024;

const LF = 10;
const CR = 13;

/** The format that a content type names; null where the body is no stream of events. */
export function eventFormat(contentType: string | undefined): EventFormat | null {
  if (contentType === undefined) return null;
  if (contentType.startsWith('text/event-stream')) return 'sse';
  return /^application\/(x-)?(ndjson|jsonl?ines)/.test(contentType) ? 'ndjson' : null;
}

/** Collects bytes and tells each whole event, its end included. */
export class EventSplitter {
  readonly #format: EventFormat;
  readonly #tell: (event: Buffer) => void;
  #held: Buffer = Buffer.alloc(0);
  /** From here on the held bytes have not been searched. */
  #searchedTo = 0;

  constructor(format: EventFormat, tell: (event: Buffer) => void) {
    this.#format = format;
    this.#tell = tell;
  }

  push(bytes: Buffer): void {
    this.#held = this.#held.length === 0 ? bytes : Buffer.concat([this.#held, bytes]);
    for (let end = this.#endOfEvent(); end !== -1; end = this.#endOfEvent()) this.#cutAt(end);
    if (this.#held.length > EVENT_BYTES_MAX) this.#cutAt(this.#held.length);
  }

  /** The body is over: what is left is an event without an end. */
  end(): void {
    if (this.#held.length > 0) this.#cutAt(this.#held.length);
  }

  #cutAt(end: number): void {
    const event = this.#held.subarray(0, end);
    this.#held = this.#held.subarray(end);
    this.#searchedTo = 0;
    this.#tell(event);
  }

  #endOfEvent(): number {
    const held = this.#held;
    for (let lf = held.indexOf(LF, this.#searchedTo); lf !== -1; lf = held.indexOf(LF, lf + 1)) {
      if (this.#format === 'ndjson') return lf + 1;
      if (held[lf + 1] === LF) return lf + 2;
      if (held[lf + 1] === CR && held[lf + 2] === LF) return lf + 3;
      if (lf + 2 >= held.length) {
        this.#searchedTo = lf; // the empty line may be cut in two
        return -1;
      }
    }
    this.#searchedTo = held.length;
    return -1;
  }
}

/**
 * Content under the names it has with OpenAI (`delta.content`), Ollama (`message.content`, `response`)
 * and Anthropic (`text`). By pattern, not by parser: it must work on broken JSON, and it runs for
 * every event.
 */
const CONTENT = /"(?:content|response|text)":\s*"(?!")/;

/** Whether an event carries a piece of the answer, which is what we count as a token. */
export function isToken(event: Buffer): boolean {
  return CONTENT.test(event.toString('latin1'));
}

/** Where the text begins that an event carries, in bytes; -1 where it carries none. */
export function contentStart(event: Buffer): number {
  const found = CONTENT.exec(event.toString('latin1'));
  return found === null ? -1 : found.index + found[0].length;
}
