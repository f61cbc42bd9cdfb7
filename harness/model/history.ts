/**
 * The record of a run: every request, exchange, fault and process event, in one order of time.
 * The file is NDJSON: a header line, then one event a line. docs/history.md is made from this file.
 */
import { z } from 'zod';
import { Fault } from './fault.ts';
import { BreakerState, Policy } from './policy.ts';
import { LinkEngine, LoadEngineName, Scenario } from './scenario.ts';

/** Version of the file format; a reader refuses a newer one. */
export const HISTORY_VERSION = 1;

const Ns = z.int().describe('nanoseconds since the origin of the run');
const Count = z.int().min(0);

/** First line of the file. */
export const HistoryHeader = z.object({
  tripcurve: z.literal('history'),
  version: z.literal(HISTORY_VERSION),
  run: z.string(),
  scenario: Scenario,
  seed: z.int().min(0),
  environment: z.string(),
  /** Who injects toxics. */
  links: LinkEngine,
  /** Who sent the requests; histories from before there was a choice do not say. */
  load: LoadEngineName.default('embedded'),
  mutant: z.string().nullable(),
  target: z.string(),
  /** What the target declares per link, read before the fault. */
  declared: z.record(z.string(), Policy),
  protocols: z.record(z.string(), z.string()),
  /** Link behind a link: what stands behind the first reaches further through the second. */
  leadsTo: z.record(z.string(), z.string()).default({}),
  /** Links each request kind uses when all is well, and whether it is a write. */
  requests: z.record(z.string(), z.object({ needs: z.array(z.string()), write: z.boolean() })),
  /** Faults of the scenario that could not be injected here, and why; nothing was run then. */
  impossible: z.array(z.string()).default([]),
  /** Why nobody watched the links; null: they were watched. Checks that read the wire are inconclusive then. */
  unwatched: z.string().nullable().default(null),
  /** Wall-clock time of the origin; every other time is monotonic. */
  startedAt: z.iso.datetime(),
});
export type HistoryHeader = z.infer<typeof HistoryHeader>;

const base = {
  id: z.int().describe('unique in the file; verdicts cite it'),
  t: Ns.describe('when it began'),
};
const interval = { ...base, endT: Ns.describe('when it ended') };

/** One entry request, from its intended start. */
export const RequestEvent = z.object({
  ...interval,
  kind: z.literal('request'),
  name: z.string().describe('request kind of the config'),
  startT: Ns.describe('when it was really sent; t is when it was meant to be'),
  status: z.int().nullable(),
  outcome: z
    .enum(['ok', 'error', 'timeout', 'broken', 'dropped'])
    .describe(
      'ok: 2xx; error: another status; timeout: the caller gave up; broken: no HTTP answer; dropped: never sent, too many in flight',
    ),
  servedBy: z.string().nullable(),
  served: z.record(z.string(), z.string()).describe('per link, where the answer says so'),
  ageMs: z.number().nullable(),
  key: z.string(),
  trace: z.string().describe('trace id sent in traceparent'),
  wants: z.string().optional().describe('key of an earlier write that the answer has to tell of'),
  found: z.boolean().optional().describe('whether it does; left out: nobody looked'),
  question: z
    .string()
    .optional()
    .describe('hash of what was asked, for kinds whose answers are compared: the same for the same question'),
  answer: z
    .string()
    .nullable()
    .optional()
    .describe('hash of the compared part of the answer; null: it had none; left out: nobody looked'),
});
export type RequestEvent = z.infer<typeof RequestEvent>;

/** Why something on a link ended. */
export const EndedBy = z.enum(['target', 'dependency', 'link']);
export type EndedBy = z.infer<typeof EndedBy>;

/** One HTTP request and its answer, seen on a link. */
export const ExchangeEvent = z.object({
  ...interval,
  kind: z.literal('exchange'),
  link: z.string(),
  connection: z.int(),
  method: z.string(),
  path: z.string(),
  status: z.int().nullable(),
  outcome: z.enum(['answered', 'broken']),
  endedBy: EndedBy.describe('who gave the answer, or broke it off'),
  firstByteT: Ns.nullable(),
  bytesUp: Count,
  bytesDown: Count,
  tokens: Count.nullable().describe('events of a streamed answer that carried content; null: not a stream'),
  bodyHash: z
    .string()
    .nullable()
    .describe('SHA-256 of the request body (of its first MiB), first 16 hex digits'),
  trace: z.string().nullable().describe('trace id found in traceparent'),
  retryAfterMs: z
    .number()
    .min(0)
    .optional()
    .describe('how long the answer asks to wait (Retry-After); left out: it does not'),
  attempt: z.int().min(1).describe('1: the first; more: a retry of the same method, path and body'),
  attemptBy: z
    .enum(['trace', 'request-id', 'body'])
    .nullable()
    .describe(
      'how a retry would be recognised: by traceparent, by x-request-id, or only by the same body after a failure; null: the request never was complete',
    ),
  faults: z.array(z.string()).describe('ids of the faults that acted on it'),
});
export type ExchangeEvent = z.infer<typeof ExchangeEvent>;

/** One Postgres statement and its result, seen on a link. `STARTUP` is the handshake of a connection. */
export const StatementEvent = z.object({
  ...interval,
  kind: z.literal('statement'),
  link: z.string(),
  connection: z.int(),
  command: z.string().describe('first word of the statement, upper case'),
  textHash: z.string().nullable(),
  tag: z.string().nullable().describe('command tag, such as "INSERT 0 1"'),
  sqlstate: z.string().nullable(),
  outcome: z.enum(['completed', 'failed', 'broken']),
  endedBy: EndedBy,
  inTransaction: z.boolean(),
  trace: z.string().nullable().describe('trace id found in a traceparent comment (sqlcommenter)'),
  faults: z.array(z.string()),
});
export type StatementEvent = z.infer<typeof StatementEvent>;

/** A connection through a link. */
export const ConnectionEvent = z.object({
  ...base,
  kind: z.literal('connection'),
  link: z.string(),
  connection: z.int(),
  what: z.enum(['opened', 'closed', 'refused']).describe('refused: the dependency did not accept the dial'),
  endedBy: EndedBy.nullable(),
  bytesUp: Count,
  bytesDown: Count,
  faults: z.array(z.string()),
});
export type ConnectionEvent = z.infer<typeof ConnectionEvent>;

/** A fault armed or lifted, stamped by the link itself. */
export const FaultEvent = z.object({
  ...base,
  kind: z.literal('fault'),
  link: z.string(),
  fault: z.string().describe('id'),
  what: z.enum(['injected', 'healed']),
  spec: Fault.nullable(),
});
export type FaultEvent = z.infer<typeof FaultEvent>;

/** What the target says of its breaker; corroborates only. */
export const BreakerEvent = z.object({
  ...base,
  kind: z.literal('breaker'),
  link: z.string(),
  from: BreakerState.nullable(),
  to: BreakerState,
});
export type BreakerEvent = z.infer<typeof BreakerEvent>;

/** A number that the target tells of itself: a gauge, a counter, a field of a JSON answer. Corroborates only. */
export const ReadingEvent = z.object({
  ...base,
  kind: z.literal('reading'),
  name: z.string().describe('name in the config'),
  value: z.number(),
  unit: z.string(),
});
export type ReadingEvent = z.infer<typeof ReadingEvent>;

/** Name of an alert event that only tells that somebody watches, whatever alerts there are. */
export const ALERTS_WATCHED = '';

/** What the monitoring of the target says of one of its alerts. */
export const AlertEvent = z.object({
  ...base,
  kind: z.literal('alert'),
  name: z.string(),
  state: z
    .enum(['inactive', 'pending', 'firing'])
    .describe('inactive: told when watching began, and when it ends'),
});
export type AlertEvent = z.infer<typeof AlertEvent>;

/** A process of the environment. */
export const ProcessEvent = z.object({
  ...base,
  kind: z.literal('process'),
  name: z.string(),
  what: z.enum(['started', 'ready', 'exited']),
  pid: z.int(),
  code: z.int().nullable(),
  signal: z.string().nullable(),
  expected: z.boolean().describe('false: it went down though nobody asked it to'),
});
export type ProcessEvent = z.infer<typeof ProcessEvent>;

/** An operation of the time line, from its beginning to its end. */
export const OperationEvent = z.object({
  ...interval,
  kind: z.literal('operation'),
  name: z.string(),
  printed: z.string().describe('the last lines of a command'),
  error: z.string().nullable().describe('why it failed; null: it was carried out'),
});
export type OperationEvent = z.infer<typeof OperationEvent>;

/** The boundaries of the run. */
export const PhaseEvent = z.object({
  ...base,
  kind: z.literal('phase'),
  phase: z.enum(['steady', 'fault', 'recovery', 'end']),
});
export type PhaseEvent = z.infer<typeof PhaseEvent>;

/** The truth read straight from a dependency after recovery. */
export const AuditEvent = z.object({
  ...base,
  kind: z.literal('audit'),
  name: z.string(),
  result: z.record(z.string(), z.unknown()).nullable(),
  error: z.string().nullable(),
});
export type AuditEvent = z.infer<typeof AuditEvent>;

/** What was still injected after everything was healed; empty is as it should be. */
export const ResidueEvent = z.object({ ...base, kind: z.literal('residue'), left: z.array(z.string()) });

/** A quarter of a second of the machine that the environment runs on. */
export const MachineEvent = z.object({
  ...interval,
  kind: z.literal('machine'),
  cpuWaitRatio: z
    .number()
    .min(0)
    .max(1)
    .nullable()
    .describe('part of the time in which some process waited for a CPU (Linux pressure stall information)'),
  lateMs: z.number().min(0).describe('most that a timer of an idle process was late, ms'),
});
export type MachineEvent = z.infer<typeof MachineEvent>;

/** Free text: a person's remark, a parser that lost track, a guard that fired. */
export const NoteEvent = z.object({ ...base, kind: z.literal('note'), text: z.string() });
export type NoteEvent = z.infer<typeof NoteEvent>;

export const HistoryEvent = z.discriminatedUnion('kind', [
  RequestEvent,
  ExchangeEvent,
  StatementEvent,
  ConnectionEvent,
  FaultEvent,
  BreakerEvent,
  ReadingEvent,
  AlertEvent,
  ProcessEvent,
  OperationEvent,
  PhaseEvent,
  AuditEvent,
  ResidueEvent,
  MachineEvent,
  NoteEvent,
]);
export type HistoryEvent = z.infer<typeof HistoryEvent>;

/** The events of one kind. */
export type EventOf<K extends HistoryEvent['kind']> = Extract<HistoryEvent, { kind: K }>;

/** An event before the recorder has numbered it. */
export type Unnumbered<E = HistoryEvent> = E extends unknown ? Omit<E, 'id'> : never;

/** A whole record, in order of time. */
export interface History {
  header: HistoryHeader;
  events: readonly HistoryEvent[];
}

/** Sorted out once per history: a soak has some hundred faults, each of which is laid beside all its events. */
const byKind = new WeakMap<History, Map<string, HistoryEvent[]>>();

/** The events of one kind, in order. The list is shared, so it is frozen. */
export function eventsOf<K extends HistoryEvent['kind']>(history: History, kind: K): EventOf<K>[] {
  let kinds = byKind.get(history);
  if (kinds === undefined) {
    kinds = sortedOut(history);
    byKind.set(history, kinds);
  }
  return (kinds.get(kind) ?? []) as EventOf<K>[];
}

function sortedOut({ events }: History): Map<string, HistoryEvent[]> {
  const kinds = Map.groupBy(events, ({ kind }) => kind as string);
  for (const list of kinds.values()) Object.freeze(list);
  return kinds;
}
