/**
 * Errors that the server raises because we ask it to. In place of the statement it gets one that must fail
 * and names a thing of ours that does not exist; the error that comes back is known by that name and gets
 * the SQLSTATE it was asked for. What the error does to the session (a failed transaction, a skipped
 * pipeline, ReadyForQuery) is thus the server's own doing. docs/decisions/0008 says why.
 */
import { errorResponse, execute, field, query } from './messages.ts';
import { commits } from './names.ts';
import type { Statement } from './statements.ts';

/** From this length on PostgreSQL refuses a transaction identifier (GIDSIZE), before it looks at anything else. */
const GID_BYTES_REFUSED = 200;

interface Raised {
  statement: Statement;
  sqlstate: string;
  message: string;
  committing: boolean;
}

/** What the server gets in the statement's place. */
export interface Stand {
  bytes: Buffer;
  /** True: a simple statement where an Execute was; the link must skip until Sync in the server's place. */
  ownGroup: boolean;
}

export class RaisedErrors {
  readonly #connection: number;
  /** By the name that the server will call missing. */
  readonly #raised = new Map<string, Raised>();
  #count = 0;

  constructor(connection: number) {
    this.#connection = connection;
  }

  /** True: errors must be looked at. */
  get areExpected(): boolean {
    return this.#raised.size > 0;
  }

  /** What to send for a statement that is to fail. */
  raise(statement: Statement, sqlstate: string, message: string): Stand {
    // It appears in the server's log; the bracket at its end keeps one name from being the beginning of another.
    const name = `tripcurve ${sqlstate} (${this.#connection}.${++this.#count})`;
    const committing = statement.inBlock && commits(statement);
    this.#raised.set(name, { statement, sqlstate, message, committing });
    if (committing) {
      // A COMMIT that fails leaves no transaction behind, not a failed one. So does this.
      const sql = `PREPARE TRANSACTION '${name.padEnd(GID_BYTES_REFUSED, '.')}'`;
      return { bytes: query(sql), ownGroup: !statement.simple };
    }
    return { bytes: statement.simple ? query(`EXECUTE "${name}"`) : execute(name), ownGroup: false };
  }

  /** The error to hand on where an error of the server's is one that we asked for. */
  recognise(kept: Buffer): { statement: Statement; bytes: Buffer } | null {
    const said = field(kept, 'M') ?? '';
    // A transaction that used a temporary table is refused before its identifier is looked at.
    const refused = field(kept, 'R') === 'PrepareTransaction';
    for (const [name, { statement, sqlstate, message, committing }] of this.#raised) {
      if (!said.includes(name) && !(committing && refused)) continue;
      this.#raised.delete(name);
      return { statement, bytes: errorResponse('ERROR', sqlstate, message) };
    }
    return null;
  }

  /** A group is over: what was to fail in it and did not, never will. */
  settle(group: number): void {
    for (const [name, { statement }] of this.#raised) {
      if (statement.group <= group) this.#raised.delete(name);
    }
  }
}
