/**
 * Watches PostgreSQL's protocol 3 on one connection: pairs statements with their results and reports
 * each with its command tag or SQLSTATE. Statement texts are hashed; passwords and rows are not kept.
 * It only looks: every byte is forwarded as it came.
 */
import { createHash } from 'node:crypto';
import type { EndedBy } from '../../model/history.ts';
import type { Nanoseconds } from '../../model/time.ts';
import type { Conversation, ConversationEnds } from '../conversation.ts';
import type { PostgresFault } from './fault.ts';
import { FrameParser } from './parser.ts';

const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

/** Prepared statements remembered per connection; a client that makes more loses the oldest names. */
const NAMES_MAX = 4_096;

/** Statements under way on one connection before we stop watching: no client pipelines so deep. */
const UNDER_WAY_MAX = 10_000;

interface Statement {
  command: string;
  textHash: string | null;
  trace: string | null;
  t: Nanoseconds;
  /** Statements of one group end together at ReadyForQuery. */
  group: number;
  simple: boolean;
  tag: string | null;
  sqlstate: string | null;
  inTransaction: boolean;
  faults: Set<string>;
}

type Known = Pick<Statement, 'command' | 'textHash' | 'trace'>;
const UNKNOWN: Known = { command: 'UNKNOWN', textHash: null, trace: null };

/** What SQLSTATE to expect of statements that the server skips after an error in their group. */
const IN_FAILED_GROUP = '25P02';

export class PostgresConversation implements Conversation {
  readonly #ends: ConversationEnds;
  readonly #frontend: FrameParser;
  readonly #backend: FrameParser;
  readonly #underWay: Statement[] = [];
  readonly #prepared = new Map<string, Known>();
  readonly #portals = new Map<string, Known>();
  #group = 0;
  #transaction = false;
  #awaitsEncryptionAnswer = false;
  #watching = true;

  constructor(ends: ConversationEnds, _faults: readonly PostgresFault[] = []) {
    this.#ends = ends;
    const lost = (): void => this.#stopWatching('bytes are not PostgreSQL protocol 3');
    this.#frontend = new FrameParser(false, {
      message: (type, kept) => this.#fromFrontend(type, kept),
      lost,
    });
    this.#backend = new FrameParser(true, { message: (type, kept) => this.#fromBackend(type, kept), lost });
  }

  fromTarget(chunk: Buffer): void {
    if (this.#watching) this.#frontend.push(chunk);
    this.#ends.forward(chunk);
  }

  targetEnded(): void {
    // A frontend that sends FIN has gone: the protocol has no half-close.
    this.#break('target');
  }

  fromDependency(chunk: Buffer): void {
    this.#ends.answer(chunk);
  }

  dependencyEnded(): void {
    this.#ends.endAnswer();
  }

  toTarget(chunk: Buffer): void {
    if (!this.#watching) return;
    if (!this.#awaitsEncryptionAnswer) {
      this.#backend.push(chunk);
      return;
    }
    // The answer to SSLRequest or GSSENCRequest is one bare byte.
    this.#awaitsEncryptionAnswer = false;
    const answer = String.fromCharCode(chunk[0] ?? 0);
    if (answer === 'S' || answer === 'G') {
      this.#stopWatching('the stream is encrypted');
      return;
    }
    this.#frontend.expectTyped(false);
    if (answer === 'N' && chunk.length > 1) this.#backend.push(chunk.subarray(1));
    else if (answer !== 'N') this.#backend.push(chunk);
  }

  touched(faultId: string): void {
    for (const statement of this.#underWay) statement.faults.add(faultId);
  }

  closed(endedBy: EndedBy): void {
    this.#break(endedBy);
    this.#watching = false;
  }

  #fromFrontend(type: number, kept: Buffer): void {
    switch (type === 0 ? 'startup' : String.fromCharCode(type)) {
      case 'startup':
        this.#startup(kept);
        return;
      case 'Q':
        this.#begin(describe(text(kept, 0)), true);
        this.#group++;
        return;
      case 'P': {
        const name = text(kept, 0);
        remember(this.#prepared, name, describe(text(kept, Buffer.byteLength(name) + 1)));
        return;
      }
      case 'B': {
        const portal = text(kept, 0);
        const statement = text(kept, Buffer.byteLength(portal) + 1);
        remember(this.#portals, portal, this.#prepared.get(statement) ?? UNKNOWN);
        return;
      }
      case 'E':
        this.#begin(this.#portals.get(text(kept, 0)) ?? UNKNOWN, false);
        return;
      case 'S':
        this.#group++;
        return;
      case 'X':
        this.#break('target');
        return;
    }
  }

  #startup(kept: Buffer): void {
    const code = kept.length >= 4 ? kept.readUInt32BE(0) : 0;
    if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
      this.#awaitsEncryptionAnswer = true;
      return;
    }
    this.#frontend.expectTyped(true);
    if (code === CANCEL_REQUEST) return;
    this.#begin({ command: 'STARTUP', textHash: null, trace: null }, true);
    this.#group++;
  }

  #begin(known: Known, simple: boolean): void {
    this.#underWay.push({
      ...known,
      t: this.#ends.now(),
      group: this.#group,
      simple,
      tag: null,
      sqlstate: null,
      inTransaction: this.#transaction,
      faults: new Set(this.#ends.activeFaults()),
    });
    if (this.#underWay.length > UNDER_WAY_MAX) this.#stopWatching('too many statements under way');
  }

  #fromBackend(type: number, kept: Buffer): void {
    const first = this.#underWay[0];
    switch (String.fromCharCode(type)) {
      case 'C':
        if (first === undefined) return;
        first.tag = text(kept, 0);
        if (!first.simple) this.#end(first);
        return;
      case 'I': // empty statement
      case 's': // portal suspended: the row limit of an Execute was reached
        if (first !== undefined && !first.simple) this.#end(first);
        return;
      case 'E':
        this.#failed(field(kept, 'C') ?? 'XX000');
        return;
      case 'Z': {
        this.#transaction = kept[0] !== undefined && String.fromCharCode(kept[0]) !== 'I';
        // Everything of the oldest group is over; what the server skipped failed with its group.
        const group = first?.group;
        for (let next = first; next !== undefined && next.group === group; next = this.#underWay[0])
          this.#end(next);
        return;
      }
    }
  }

  #failed(sqlstate: string): void {
    const first = this.#underWay[0];
    if (first === undefined) {
      const text = `link ${this.#ends.link}, connection ${this.#ends.connection}: the server ended it with SQLSTATE ${sqlstate}`;
      this.#ends.emit({ kind: 'note', t: this.#ends.now(), text });
      return;
    }
    for (const statement of this.#underWay) {
      if (statement.group === first.group)
        statement.sqlstate ??= statement === first ? sqlstate : IN_FAILED_GROUP;
    }
  }

  #end(statement: Statement): void {
    this.#underWay.splice(this.#underWay.indexOf(statement), 1);
    this.#report(statement, statement.sqlstate === null ? 'completed' : 'failed', 'dependency');
  }

  #break(endedBy: EndedBy): void {
    for (const statement of this.#underWay.splice(0)) {
      // A FATAL error is followed by the close, never by ReadyForQuery.
      if (statement.sqlstate !== null) this.#report(statement, 'failed', 'dependency');
      else this.#report(statement, 'broken', endedBy);
    }
  }

  #report(statement: Statement, outcome: 'completed' | 'failed' | 'broken', endedBy: EndedBy): void {
    this.#ends.emit({
      kind: 'statement',
      t: statement.t,
      endT: this.#ends.now(),
      link: this.#ends.link,
      connection: this.#ends.connection,
      command: statement.command,
      textHash: statement.textHash,
      tag: statement.tag,
      sqlstate: statement.sqlstate,
      outcome,
      endedBy,
      inTransaction: statement.inTransaction,
      trace: statement.trace,
      faults: [...statement.faults],
    });
  }

  #stopWatching(why: string): void {
    if (!this.#watching) return;
    this.#watching = false;
    this.#underWay.length = 0;
    const text = `link ${this.#ends.link}, connection ${this.#ends.connection}: ${why}; passing bytes unread from here`;
    this.#ends.emit({ kind: 'note', t: this.#ends.now(), text });
  }
}

/** The zero-terminated string at `from`; cut short where the message was. */
function text(kept: Buffer, from: number): string {
  const zero = kept.indexOf(0, from);
  return kept.toString('utf8', from, zero === -1 ? kept.length : zero);
}

/** One field of an ErrorResponse: a letter and a zero-terminated string each. */
function field(kept: Buffer, letter: string): string | null {
  let at = 0;
  while (at < kept.length && kept[at] !== 0) {
    const value = text(kept, at + 1);
    if (String.fromCharCode(kept[at] ?? 0) === letter) return value;
    at += 1 + Buffer.byteLength(value) + 1;
  }
  return null;
}

/** A comment as sqlcommenter appends it: the one way for a trace id to travel with a statement. */
const TRACEPARENT = /\/\*[^*]*traceparent='[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}'[^*]*\*\//;

function describe(sql: string): Known {
  const command = /^(?:\s|--[^\n]*\n|\/\*[\s\S]*?\*\/)*([A-Za-z]+)/.exec(sql)?.[1]?.toUpperCase() ?? 'EMPTY';
  const comment = TRACEPARENT.exec(sql);
  // Hashed without it, so that the same statement of two requests has the same hash.
  const bare = comment === null ? sql : sql.replace(comment[0], '').trim();
  return {
    command,
    textHash: createHash('sha256').update(bare).digest('hex').slice(0, 16),
    trace: comment?.[1] ?? null,
  };
}

function remember(names: Map<string, Known>, name: string, known: Known): void {
  names.delete(name);
  names.set(name, known);
  const [oldest] = names.keys();
  if (names.size > NAMES_MAX && oldest !== undefined) names.delete(oldest);
}
