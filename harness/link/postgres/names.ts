/** What a session knows of its statements: their text, and behind which names they were prepared and bound. */
import { createHash } from 'node:crypto';
import { text } from './messages.ts';

/** Prepared statements remembered per connection; a client that makes more loses the oldest names. */
const NAMES_MAX = 4_096;

/** A statement by its text. */
export interface Known {
  /** First word, upper case. */
  command: string;
  /** Its beginning, for faults that look at it; never recorded. */
  text: string;
  textHash: string | null;
  trace: string | null;
}

const UNKNOWN: Known = { command: 'UNKNOWN', text: '', textHash: null, trace: null };

/** The handshake of a connection. */
export const STARTUP: Known = { command: 'STARTUP', text: '', textHash: null, trace: null };

export class Names {
  readonly #prepared = new Map<string, Known>();
  readonly #portals = new Map<string, Known>();

  /** A Parse message. */
  parse(kept: Buffer): void {
    const name = text(kept, 0);
    remember(this.#prepared, name, describe(text(kept, Buffer.byteLength(name) + 1)));
  }

  /** A Bind message. */
  bind(kept: Buffer): void {
    const portal = text(kept, 0);
    const statement = text(kept, Buffer.byteLength(portal) + 1);
    remember(this.#portals, portal, this.#prepared.get(statement) ?? UNKNOWN);
  }

  /** The statement behind an Execute message. */
  executed(kept: Buffer): Known {
    return this.#portals.get(text(kept, 0)) ?? UNKNOWN;
  }
}

/** A comment as sqlcommenter appends it: the one way for a trace id to travel with a statement. */
const TRACEPARENT = /\/\*[^*]*traceparent='[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}'[^*]*\*\//;

export function describe(sql: string): Known {
  const command = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*([A-Za-z]+)/.exec(sql)?.[1]?.toUpperCase() ?? 'EMPTY';
  const comment = TRACEPARENT.exec(sql);
  // Hashed without it, so that the same statement of two requests has the same hash.
  const bare = comment === null ? sql : sql.replace(comment[0], '').trim();
  return {
    command,
    text: sql,
    textHash: createHash('sha256').update(bare).digest('hex').slice(0, 16),
    trace: comment?.[1] ?? null,
  };
}

/** Whether a statement ends its transaction by committing it, in one phase or in the first of two. */
export function commits({ command, text: sql }: Known): boolean {
  return command === 'COMMIT' || command === 'END' || /^\s*PREPARE\s+TRANSACTION\b/i.test(sql);
}

/** What a statement makes of the transaction block it is in; null: nothing. */
export function blockAfter(known: Known): boolean | null {
  const { command, text: sql } = known;
  if (command === 'BEGIN' || command === 'START') return true;
  if (commits(known) || command === 'ABORT') return false;
  return command === 'ROLLBACK' && !/\bTO\b/i.test(sql) ? false : null;
}

function remember(names: Map<string, Known>, name: string, known: Known): void {
  names.delete(name);
  names.set(name, known);
  const [oldest] = names.keys();
  if (names.size > NAMES_MAX && oldest !== undefined) names.delete(oldest);
}
