/**
 * What an HTTP fault is. It looks at a request and decides: answer it in the dependency's place, close
 * the connection on it, or let it through and take hold of the dependency's answer on its way back.
 * Framing is not its business: it sees and makes heads and bodies, never chunk sizes.
 */
import type { z } from 'zod';
import { type ProtocolFault, takes } from '../protocol-fault.ts';

/** A request as far as a fault may look at it. */
export interface HttpRequest {
  method: string;
  path: string;
  /** Names in lower case; of repeated ones the last counts. */
  headers: ReadonlyMap<string, string>;
  /** Where the fault (or its match on `model`) reads bodies: the whole body, unless it was too long to hold. */
  body: Buffer | null;
  /** 1 for the first request on its connection. */
  onConnection: number;
}

/** A whole answer in place of the dependency's. `content-length` and `connection` are added. */
export interface LocalAnswer {
  status: number;
  headers: Record<string, string>;
  body: string;
}

/** The head of an answer. */
export interface AnswerHead {
  status: number;
  /** Names as they came, in order; framing headers are made anew and may be left in or out. */
  headers: [name: string, value: string][];
}

/** The head of the dependency's answer, and what it says of the body to come. */
export interface AnsweredHead extends AnswerHead {
  /** False: none follows, whatever the head says (HEAD, 204, 304, a length of 0). */
  hasBody: boolean;
  /** Length of the body where the head tells it; null: it comes in chunks, or until the connection closes. */
  bodyBytes: number | null;
}

/** Where a filter puts what the target shall see. */
export interface AnswerSink {
  /**
   * The fault acts on this answer. A filter that never says so has hit nothing: the request is not
   * counted and does not bear the fault's name. To be said before the end.
   */
  hit(): void;
  /** Only while it is given the head: the answer goes on as it came, and the filter hears no more of it. */
  pass(): void;
  /**
   * Must come first, once.
   * @param bodyBytes announced as the length of the body; left out or null: it goes in chunks
   */
  head(head: AnswerHead, bodyBytes?: number | null): void;
  /** Bytes of the body. */
  body(bytes: Buffer): void;
  /** The body is complete. */
  end(): void;
  /** Breaks the connection off instead: in order (FIN), or abruptly (RST). */
  abort(how: 'fin' | 'rst'): void;
  /** Calls back later, unless the connection has gone by then. */
  after(ms: number, act: () => void): void;
  /** A number in [0, 1) that depends on the seed. */
  random(): number;
}

/** Takes the dependency's answer, in order: one head, bytes of the body, one end. */
export interface AnswerFilter {
  head(head: AnsweredHead): void;
  body(bytes: Buffer): void;
  end(): void;
  /** Bytes it keeps back for later; past a bound the dependency is made to wait. Left out: it keeps few. */
  heldBytes?(): number;
}

/** What a fault does to a request. */
export type HttpAct =
  /** Nothing after all: this request is not counted as hit. */
  | { do: 'pass' }
  /** The request never reaches the dependency. */
  | { do: 'answer'; answer: LocalAnswer }
  /** The request never reaches the dependency, and its connection ends. */
  | { do: 'close'; how: 'fin' | 'rst' }
  /** The dependency answers, and the filter has its way with the answer. */
  | { do: 'filter'; filter(sink: AnswerSink): AnswerFilter };

/** What an armed fault may use. */
export interface FaultContext {
  /** Milliseconds of a monotonic clock. */
  nowMs(): number;
}

/** A kind of HTTP fault. */
export interface HttpFaultType<A = Record<string, unknown>, S = unknown> {
  readonly type: string;
  /** One line for the reference: what the target sees. */
  readonly about: string;
  readonly attributes: z.ZodType<A>;
  /** True: `request.body` is wanted, so the request is held until it is complete. */
  readonly readsBody?: boolean;
  /** What to keep from request to request while it is armed. */
  arm?(attributes: A, context: FaultContext): S;
  act(request: HttpRequest, attributes: A, state: S): HttpAct;
}

/** Ties a fault type's own types to the registry's common one; the schema has checked the values. */
export function defineHttpFault<A extends Record<string, unknown>, S = undefined>(
  type: HttpFaultType<A, S>,
): HttpFaultType {
  return type as unknown as HttpFaultType;
}

/** An HTTP fault that is armed on a link. */
export type HttpFault = ProtocolFault<HttpFaultType>;

/** Whether the request must be held until its body is complete before faults can be asked. */
export function needsBody(faults: readonly HttpFault[]): boolean {
  return faults.some(({ kind, spec }) => kind.readsBody === true || spec.match?.model !== undefined);
}

/** The first fault that wants this request and what it does to it; the hit is counted. */
export function claim(
  faults: readonly HttpFault[],
  request: HttpRequest,
): { fault: HttpFault; act: Exclude<HttpAct, { do: 'pass' }> } | null {
  for (const fault of faults) {
    if (!fits(fault, request) || !takes(fault)) continue;
    const act = fault.kind.act(request, fault.attributes, fault.state);
    if (act.do !== 'pass') return { fault, act };
    fault.chooser.untake();
  }
  return null;
}

function fits({ spec: { match } }: HttpFault, request: HttpRequest): boolean {
  if (match === undefined) return true;
  if (match.method !== undefined && match.method.toUpperCase() !== request.method) return false;
  if (match.path !== undefined && !request.path.startsWith(match.path)) return false;
  for (const [name, wanted] of Object.entries(match.header ?? {})) {
    const value = request.headers.get(name);
    if (value === undefined || (wanted !== '*' && value !== wanted)) return false;
  }
  return match.model === undefined || modelOf(request) === match.model;
}

/** The model a JSON body names. */
function modelOf({ body }: HttpRequest): unknown {
  if (body === null) return undefined;
  try {
    return (JSON.parse(body.toString('utf8')) as { model?: unknown } | null)?.model;
  } catch {
    return undefined;
  }
}
