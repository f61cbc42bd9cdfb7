/**
 * Follows what a frontend sends: start-up, simple and extended statements, and the groups they form, each of
 * which the server closes with ReadyForQuery. It sees every message once it is complete, and sends nothing.
 */
import { text } from './messages.ts';
import { describe, type Known, Names, STARTUP } from './names.ts';
import type { Statement, Statements } from './statements.ts';

const SSL_REQUEST = 80877103;
const GSSENC_REQUEST = 80877104;
const CANCEL_REQUEST = 80877102;

export interface FrontendListener {
  /** The server's next byte says whether it will. */
  asksForEncryption(): void;
  /** What follows the first message has a type. */
  isTyped(): void;
  sessionBegins(): void;
  leaves(): void;
}

export class Frontend {
  readonly #listener: FrontendListener;
  readonly #statements: Statements;
  readonly #names = new Names();
  #group = 0;
  /** Execute messages in the present group. */
  #executes = 0;
  /** The server takes COPY data and pays no heed to Sync. */
  #copying = false;

  constructor(statements: Statements, listener: FrontendListener) {
    this.#statements = statements;
    this.#listener = listener;
  }

  /** The group that is being sent, counted from 0. */
  get group(): number {
    return this.#group;
  }

  /** A message is complete; what is returned begins with it. `type` is 0 for the untyped first one. */
  read(type: number, kept: Buffer): Statement | null {
    switch (type === 0 ? 'startup' : String.fromCharCode(type)) {
      case 'startup':
        return this.#startup(kept);
      case 'Q':
        return this.#beginGroup(describe(text(kept, 0)));
      case 'P':
        this.#names.parse(kept);
        return null;
      case 'B':
        this.#names.bind(kept);
        return null;
      case 'E':
        return this.#begin(this.#names.executed(kept), false, this.#executes++);
      case 'S':
        if (!this.#copying) this.endGroup();
        return null;
      case 'F': // a function call: no statement, but a ReadyForQuery
        this.endGroup();
        return null;
      case 'c':
      case 'f':
        this.#copying = false;
        return null;
      case 'X':
        this.#listener.leaves();
        return null;
      default:
        return null;
    }
  }

  /** The server will close the present group with a ReadyForQuery. */
  endGroup(): void {
    this.#group++;
    this.#executes = 0;
  }

  /** The server waits for COPY data in this group. Syncs that were sent with its Execute it has skipped. */
  copyBegins(group: number): void {
    this.#copying = true;
    if (this.#statements.first?.simple === false) this.#group = group;
  }

  #startup(kept: Buffer): Statement | null {
    const code = kept.length >= 4 ? kept.readUInt32BE(0) : 0;
    if (code === SSL_REQUEST || code === GSSENC_REQUEST) {
      this.#listener.asksForEncryption();
      return null;
    }
    this.#listener.isTyped();
    if (code === CANCEL_REQUEST) return null;
    this.#listener.sessionBegins();
    return this.#beginGroup(STARTUP);
  }

  /** A statement that is a group of its own. */
  #beginGroup(known: Known): Statement {
    const statement = this.#begin(known, true, this.#executes);
    this.endGroup();
    return statement;
  }

  #begin(known: Known, simple: boolean, ordinal: number): Statement {
    return this.#statements.begin(known, { group: this.#group, ordinal, simple });
  }
}
