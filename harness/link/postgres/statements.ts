/**
 * The statements under way on one connection, paired with their results as these reach the target, and
 * reported when they are over. It sees messages, never bytes on the way, and changes nothing.
 */
import type { EndedBy } from '../../model/history.ts';
import type { Nanoseconds } from '../../model/time.ts';
import type { ConversationEnds } from '../conversation.ts';
import { field, isFatal, text } from './messages.ts';
import { blockAfter, type Known } from './names.ts';

/** Statements under way on one connection before we stop watching: no client pipelines so deep. */
const UNDER_WAY_MAX = 10_000;

/** What SQLSTATE to expect of statements that the server skips after an error in their group. */
const IN_FAILED_GROUP = '25P02';

export interface Statement extends Known {
  readonly t: Nanoseconds;
  /** Statements of one group end together at ReadyForQuery; groups are counted from 0. */
  group: number;
  /** Executes before it in its group. */
  readonly ordinal: number;
  readonly simple: boolean;
  /** Where the target knew itself when it sent the statement. */
  readonly inTransaction: boolean;
  /** The same as far as we can tell before the server has said so: a pipelining target does not wait for it. */
  readonly inBlock: boolean;
  tag: string | null;
  sqlstate: string | null;
  endedBy: EndedBy;
  readonly faults: Set<string>;
}

/** A message of the server, or one of ours in its place, that matters to statements. */
export interface Answer {
  /** It has reached the target when so many bytes have. */
  readonly endsAt: number;
  readonly type: string;
  readonly kept: Buffer;
  readonly group: number;
  /** The statement for which a fault made this error. */
  readonly ours: Statement | null;
}

export class Statements {
  readonly #ends: ConversationEnds;
  readonly #underWay: Statement[] = [];
  #status: 'I' | 'T' | 'E' = 'I';
  #inBlock = false;
  #failedGroup = -1;

  constructor(ends: ConversationEnds) {
    this.#ends = ends;
  }

  /** The oldest one under way. */
  get first(): Statement | undefined {
    return this.#underWay[0];
  }

  /** More than we follow. */
  get tooMany(): boolean {
    return this.#underWay.length > UNDER_WAY_MAX;
  }

  /** The transaction has failed: until it ends, the server executes nothing in it. */
  get inFailedTransaction(): boolean {
    return this.#status === 'E';
  }

  begin(known: Known, place: Pick<Statement, 'group' | 'ordinal' | 'simple'>): Statement {
    const statement: Statement = {
      ...known,
      ...place,
      t: this.#ends.now(),
      tag: null,
      sqlstate: place.group === this.#failedGroup ? IN_FAILED_GROUP : null,
      endedBy: 'dependency',
      inTransaction: this.#status !== 'I',
      inBlock: this.#inBlock,
      faults: new Set(this.#ends.activeFaults()),
    };
    this.#inBlock = blockAfter(known) ?? this.#inBlock;
    this.#underWay.push(statement);
    return statement;
  }

  /** A message has reached the target. */
  delivered({ type, kept, group, ours }: Answer): void {
    const first = this.first;
    switch (type) {
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
        if (ours === null) this.#failed(field(kept, 'C') ?? 'XX000');
        else if (isFatal(kept)) this.#terminated(ours, field(kept, 'C'));
        else this.#injected(ours, field(kept, 'C'), group);
        return;
      case 'Z':
        this.#ready(kept, group);
        return;
    }
  }

  /** A fault came to the connection. */
  touched(faultId: string): void {
    for (const statement of this.#underWay) statement.faults.add(faultId);
  }

  /** The connection is over, and with it everything under way. */
  broken(endedBy: EndedBy): void {
    for (const statement of this.#underWay.splice(0)) {
      // A FATAL error is followed by the close, never by ReadyForQuery.
      if (statement.sqlstate !== null) this.#report(statement, 'failed', statement.endedBy);
      else this.#report(statement, 'broken', endedBy);
    }
  }

  /** Nothing more will be known of what is under way. */
  forget(): void {
    this.#underWay.length = 0;
  }

  /** An error of the server's own. */
  #failed(sqlstate: string): void {
    const first = this.first;
    if (first === undefined) {
      const text = `link ${this.#ends.link}, connection ${this.#ends.connection}: the server ended it with SQLSTATE ${sqlstate}`;
      this.#ends.emit({ kind: 'note', t: this.#ends.now(), text });
      return;
    }
    first.sqlstate ??= sqlstate;
    this.#skipped(first.group);
  }

  /** An error that a fault asked for; what the server skips because of it is the fault's doing too. */
  #injected(statement: Statement, sqlstate: string | null, group: number): void {
    statement.sqlstate = sqlstate;
    statement.endedBy = 'link';
    this.#skipped(group, statement);
    this.#skipped(statement.group, statement);
  }

  #skipped(group: number, because?: Statement): void {
    this.#failedGroup = group;
    for (const statement of this.#underWay) {
      if (statement.group !== group || statement.sqlstate !== null) continue;
      statement.sqlstate = IN_FAILED_GROUP;
      if (because === undefined) continue;
      statement.endedBy = 'link';
      for (const fault of because.faults) statement.faults.add(fault);
    }
  }

  /** A fault ended the session: nothing under way will be answered any more. */
  #terminated(statement: Statement, sqlstate: string | null): void {
    statement.sqlstate = sqlstate;
    statement.endedBy = 'link';
    this.broken('link');
  }

  #ready(kept: Buffer, group: number): void {
    const status = String.fromCharCode(kept[0] ?? 0);
    this.#status = status === 'T' || status === 'E' ? status : 'I';
    // Everything of the group is over; what the server skipped failed with its group.
    for (let next = this.first; next !== undefined && next.group <= group; next = this.first) this.#end(next);
    if (this.first === undefined) this.#inBlock = this.#status !== 'I';
  }

  #end(statement: Statement): void {
    this.#underWay.splice(this.#underWay.indexOf(statement), 1);
    this.#report(statement, statement.sqlstate === null ? 'completed' : 'failed', statement.endedBy);
  }

  #report(statement: Statement, outcome: 'completed' | 'failed' | 'broken', endedBy: EndedBy): void {
    const { t, command, textHash, tag, sqlstate, inTransaction, trace, faults } = statement;
    this.#ends.emit({
      kind: 'statement',
      t,
      endT: this.#ends.now(),
      link: this.#ends.link,
      connection: this.#ends.connection,
      command,
      textHash,
      tag,
      sqlstate,
      outcome,
      endedBy,
      inTransaction,
      trace,
      faults: [...faults],
    });
  }
}
