/** What is known so far. Labs that measure the same service side by side share one set of facts. */
import type { Finding, QuantityName, ShapeRow } from '../model/measured.ts';
import type { Ms } from '../model/time.ts';
import type { Attempt, Reply, Shape } from './bench.ts';

/** The attempts of one call. */
export interface Series {
  attempts: readonly Attempt[];
}

/** A request and what it did on the link. */
export interface Call extends Series {
  reply: Reply;
}

/** How more calls are sampled: calls that fail so, so many of which trip the breaker, each after so many that are well. */
export interface Sampling {
  shape: Shape;
  calls: Series[];
  tripCalls: number | null;
  good: number;
}

/** What one experiment hands to those after it. */
export interface Facts {
  readonly findings: Partial<Record<QuantityName, Finding>>;
  readonly matrix: Partial<Record<Shape, ShapeRow>>;
  /** The kind of request that is asked. */
  kind: string;
  /** Nothing finer is claimed. */
  errorMs: Ms;
  /** Attempts of a call that fails throughout; 1 until it is known. */
  attemptsOfFailure: number;
  /** Good probes after which the breaker is closed; null: not known (yet). */
  successesToClose: number | null;
  /** Things that one call does on the link, one after the other, where they can be told apart; only the first is an attempt. */
  parts: number;
  healthyMs: Ms;
  failureMs: Ms;
  /** What it took to trip it, one failed call after the other. */
  tripMs: Ms;
  /** Attempts tell which call they belong to: no two calls ask the dependency for the same. */
  callsDiffer: boolean;
  /** Failed calls one after the other come too slowly to trip it. */
  tripsAtOnceOnly: boolean;
  /** Calls that failed throughout, where more of them might tell the law of their gaps. */
  sampling: Sampling | null;
  /** Calls that met a way to fail that has no end, each to the end of everybody's patience: it need not be waited for twice. */
  endless: Partial<Record<Shape, Call>>;
  /** Nothing that can be left out is waited for beyond it. */
  untilMs: Ms;
  /** Calls at once that are surely let through while the breaker is closed: a bulkhead may keep others away. */
  room: number;
  /** Good calls are kept away by their number alone. */
  isRateLimited: boolean;
}

/** @param room calls at once that may be asked */
export function newFacts(kind: string, errorMs: Ms, room: number): Facts {
  return {
    findings: {},
    matrix: {},
    kind,
    errorMs,
    attemptsOfFailure: 1,
    successesToClose: null,
    parts: 1,
    healthyMs: 0,
    failureMs: 0,
    tripMs: 0,
    callsDiffer: false,
    tripsAtOnceOnly: false,
    sampling: null,
    endless: {},
    untilMs: Number.POSITIVE_INFINITY,
    room,
    isRateLimited: false,
  };
}

export class Notebook {
  readonly facts: Facts;
  #written = new Set<QuantityName>();

  constructor(facts: Facts) {
    this.facts = facts;
  }

  get findings(): Readonly<Facts['findings']> {
    return this.facts.findings;
  }

  get matrix(): Facts['matrix'] {
    return this.facts.matrix;
  }

  know(
    name: QuantityName,
    value: number | string | boolean | null,
    evidence: { low?: number; high?: number | null; observations: number; experiment: string },
  ): void {
    this.write(name, { known: true, value, ...evidence });
  }

  dontKnow(name: QuantityName, why: string): void {
    this.write(name, { known: false, why });
  }

  write(name: QuantityName, finding: Finding): void {
    this.facts.findings[name] = finding;
    this.#written.add(name);
  }

  /** What was written here since it was asked last, whether or not others share the facts. */
  takeWritten(): QuantityName[] {
    const names = [...this.#written];
    this.#written.clear();
    return names;
  }
}
