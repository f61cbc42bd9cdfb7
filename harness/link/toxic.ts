/**
 * What a toxic is: a type with an attribute schema, and a stage that it puts on one direction of
 * one connection. A toxic knows bytes and time only; never a protocol, never who configured it.
 */
import type { z } from 'zod';
import type { Stream } from '../model/fault.ts';

/** What a stage can do to its connection. */
export interface Line {
  /** Passes bytes on to the next stage, or out. */
  push(chunk: Buffer): void;
  /** Passes the FIN on. */
  end(): void;
  /** Says that bytes were swallowed, so that they no longer count as held. */
  drop(byteCount: number): void;
  /** Closes both sides in order (FIN), sending first what was already passed on. */
  close(): void;
  /** Closes the target's side with RST, and the dependency's side with it. */
  reset(): void;
  /** A number in [0, 1) from the link's seeded source. */
  random(): number;
}

/** A toxic at work on one direction of one connection. Every method returns at once. */
export interface Stage {
  write(chunk: Buffer): void;
  /** The source has sent FIN. */
  end(): void;
  /** The toxic is removed: pass on whatever is held, now. The stage gets no further call. */
  release(): void;
  /** The connection is gone: stop all timers. */
  destroy(): void;
}

/** A kind of toxic. `attributes` uses Toxiproxy's names and units, and its defaults. */
export interface ToxicType<A = Record<string, unknown>> {
  readonly type: string;
  readonly attributes: z.ZodType<A>;
  /** True: removing the toxic closes the connections it held (Toxiproxy's `timeout`, since #168). */
  readonly closesWhenRemoved?: boolean;
  /** Puts the toxic on a line. `attributes()` reads the present values: they can change while it runs. */
  attach(line: Line, attributes: () => A): Stage;
}

/** A toxic that is configured on a link. */
export interface Toxic {
  readonly name: string;
  readonly kind: ToxicType;
  readonly stream: Stream;
  toxicity: number;
  attributes: Record<string, unknown>;
}

/** Ties a toxic type's own attribute type to the registry's common one; the schema has checked the values. */
export function defineToxic<A extends Record<string, unknown>>(type: ToxicType<A>): ToxicType {
  return type as unknown as ToxicType;
}
