/**
 * What a PostgreSQL fault is. It looks at a start-up or at a statement and decides what becomes of it;
 * messages and their framing are the conversation's business.
 */
import type { z } from 'zod';
import { type ProtocolFault, takes } from '../protocol-fault.ts';

/** A statement as far as a fault may look at it. */
export interface PostgresStatement {
  /** First word, upper case; `STARTUP` for the handshake of a connection. */
  command: string;
  /** The beginning of its text; empty where the client sent it before we could see it. */
  text: string;
  inTransaction: boolean;
  /** Sessions on this link that have begun and not ended, this one included. */
  sessions: number;
}

/** What a fault does to a start-up or a statement. */
export type PostgresAct =
  /** Nothing after all: this one is not counted as hit. */
  | { do: 'pass' }
  /** A FATAL error with this SQLSTATE, then the connection ends. The server never sees the statement. */
  | { do: 'terminate'; sqlstate: string; message: string }
  /** The statement fails with this SQLSTATE, and so does the transaction it is in. The connection goes on. */
  | { do: 'fail'; sqlstate: string; message: string }
  /** The connection breaks (RST): before the server sees the statement, or after it has answered it. */
  | { do: 'cut'; when: 'before' | 'after' }
  /** The server sees the statement so many ms later. */
  | { do: 'delay'; ms: number }
  /** The server sees the statement when the fault is lifted. */
  | { do: 'hold' };

/** A kind of PostgreSQL fault. */
export interface PostgresFaultType<A = Record<string, unknown>> {
  readonly type: string;
  /** One line for the reference: what the target sees. */
  readonly about: string;
  readonly attributes: z.ZodType<A>;
  /** What it acts on. */
  readonly on: 'startup' | 'statement';
  /** The command it acts on where neither `match.command` nor `match.statement` is given; left out: all. */
  readonly command?: string;
  act(statement: PostgresStatement, attributes: A): PostgresAct;
}

/** Ties a fault type's own attribute type to the registry's common one; the schema has checked the values. */
export function definePostgresFault<A extends Record<string, unknown>>(
  type: PostgresFaultType<A>,
): PostgresFaultType {
  return type as unknown as PostgresFaultType;
}

/** A PostgreSQL fault that is armed on a link. */
export type PostgresFault = ProtocolFault<PostgresFaultType>;

/** The first fault that wants this statement and what it does to it; the hit is counted. */
export function claim(
  faults: readonly PostgresFault[],
  statement: PostgresStatement,
): { fault: PostgresFault; act: Exclude<PostgresAct, { do: 'pass' }> } | null {
  for (const fault of faults) {
    if (!fits(fault, statement) || !takes(fault)) continue;
    const act = fault.kind.act(statement, fault.attributes);
    if (act.do !== 'pass') return { fault, act };
    fault.chooser.untake();
  }
  return null;
}

function fits({ kind, spec: { match } }: PostgresFault, { command, text }: PostgresStatement): boolean {
  if ((kind.on === 'startup') !== (command === 'STARTUP')) return false;
  const wanted = match?.command ?? (match?.statement === undefined ? kind.command : undefined);
  if (wanted !== undefined && wanted !== command) return false;
  return match?.statement === undefined || text.toLowerCase().includes(match.statement.toLowerCase());
}
