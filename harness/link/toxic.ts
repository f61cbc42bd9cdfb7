/**
 * What a toxic is: a type with an attribute schema, and a stage that it puts on one direction of
 * one connection. A toxic knows bytes and time only; never a protocol, never who configured it.
 */
import type { z } from 'zod';
import type { Match, Stream } from '../model/fault.ts';
import { Chooser } from './chooser.ts';

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
  /** True: acts only on connections that are open when it is armed. */
  readonly onlyLive?: boolean;
  /** Puts the toxic on a line. `attributes()` reads the present values: they can change while it runs. */
  attach(line: Line, attributes: () => A): Stage;
}

/** A toxic as it is asked for. */
export interface ToxicSpec {
  readonly name: string;
  readonly kind: ToxicType;
  readonly stream: Stream;
  /** As the client wrote it, for Toxiproxy gives it back so. */
  readonly streamAsGiven?: string;
  readonly toxicity: number;
  readonly attributes: Record<string, unknown>;
  readonly match?: Match | undefined;
  readonly times?: number | undefined;
  readonly expiresMs?: number | undefined;
}

/** A toxic that is armed on a link. */
export class Toxic {
  readonly name: string;
  readonly kind: ToxicType;
  readonly stream: Stream;
  readonly streamAsGiven: string;
  readonly match: Match;
  readonly times: number | undefined;
  readonly expiresMs: number | undefined;
  readonly #chooser: Chooser;
  toxicity: number;
  attributes: Record<string, unknown>;

  /** @param random this toxic's own dice: what it draws does not depend on other toxics. */
  constructor(spec: ToxicSpec, random: () => number) {
    this.name = spec.name;
    this.kind = spec.kind;
    this.stream = spec.stream;
    this.streamAsGiven = spec.streamAsGiven ?? spec.stream;
    this.match = spec.match ?? {};
    this.times = spec.times;
    this.expiresMs = spec.expiresMs;
    this.toxicity = spec.toxicity;
    this.attributes = spec.attributes;
    this.#chooser = new Chooser(spec, random);
  }

  /** Draws, once when a connection and the toxic meet, whether it hits that connection. */
  hits(): boolean {
    return this.#chooser.take(this.toxicity);
  }
}

/** Ties a toxic type's own attribute type to the registry's common one; the schema has checked the values. */
export function defineToxic<A extends Record<string, unknown>>(type: ToxicType<A>): ToxicType {
  return type as unknown as ToxicType;
}
