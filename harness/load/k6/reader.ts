/**
 * Reads what `k6 run --out json` wrote (one JSON object a line, `Metric` or `Point`) back into our own
 * events, joined with the plan by the tag `key`. It knows nothing of processes.
 */
import { z } from 'zod';
import { EnvironmentError } from '../../model/errors.ts';
import type { RequestEvent, Unnumbered } from '../../model/history.ts';
import { type Nanoseconds, toNs } from '../../model/time.ts';
import type { Told } from '../answer.ts';
import type { PlannedRequest } from '../plan.ts';
import { NOT_SERVED, type ServedSource, servedOf } from '../served.ts';
import { ANSWER_METRIC } from './script.ts';
import type { WallClock } from './wall-clock.ts';

const Tags = z.record(z.string(), z.string());
const Line = z.discriminatedUnion('type', [
  z.object({ type: z.literal('Metric'), metric: z.string(), data: z.object({}) }),
  z.object({
    type: z.literal('Point'),
    metric: z.string(),
    data: z.object({ time: z.string(), value: z.number(), tags: Tags.nullish() }),
  }),
]);
const ServedTag = z.record(z.string(), z.string());
const ToldTag = z.object({ found: z.boolean().optional(), answer: z.string().nullable().optional() });
type LookedInto = z.infer<typeof ToldTag>;

/** Two of k6's error codes: the request, or the dial, took longer than the caller was willing to wait. */
const TIMEOUT_CODES: ReadonlySet<number> = new Set([1050, 1211]);

/** Its error codes 1400–1599 only repeat an HTTP status 4xx or 5xx: an answer did come. */
const isStatusCode = (code: number): boolean => code >= 1_400 && code < 1_600;

/** What k6 tells of one request. */
interface Answer {
  /** From its own metric `http_req_duration`, whose points are stamped at the end of the request. */
  done?: { endT: Nanoseconds; durationNs: Nanoseconds; status: number; errorCode: number };
  /** From the script's own metric. */
  told?: { endT: Nanoseconds; sentT: Nanoseconds; headers: Record<string, string>; looked: LookedInto };
}

/** What a file of results holds. */
export interface Results {
  /** By the key of the plan. */
  answers: ReadonlyMap<string, Answer>;
  /** Iterations that k6 did not start, for want of virtual users. */
  droppedIterations: number;
  /** By k6's own count of requests. */
  requests: number;
}

export const NO_RESULTS: Results = { answers: new Map(), droppedIterations: 0, requests: 0 };

export interface ReadOptions {
  /** Named in complaints. */
  file: string;
  wallClock: WallClock;
  /** k6 was stopped in mid-run: the last line may be cut off. */
  isCut: boolean;
}

/** Reads a file's lines. @throws EnvironmentError that names the first line that is not as k6 documents it. */
export async function readResults(lines: AsyncIterable<string>, options: ReadOptions): Promise<Results> {
  const { file, wallClock, isCut } = options;
  const answers = new Map<string, Answer>();
  let droppedIterations = 0;
  let requests = 0;
  let bad: { number: number; why: string } | undefined;
  let number = 0;
  for await (const text of lines) {
    number++;
    if (text === '') continue;
    if (bad !== undefined) break; // a bad line with others after it was not cut off
    const parsed = Line.safeParse(parseJson(text));
    if (!parsed.success) {
      bad = { number, why: 'is no Metric or Point of k6' };
      continue;
    }
    const line = parsed.data;
    if (line.type === 'Metric') continue;
    const { time, value, tags } = line.data;
    if (line.metric === 'dropped_iterations') droppedIterations += value;
    if (line.metric === 'http_reqs') requests += value;
    const key = tags?.key;
    if (key === undefined || (line.metric !== 'http_req_duration' && line.metric !== ANSWER_METRIC)) continue;
    const endT = wallClock.fromText(time);
    if (endT === undefined) {
      bad = { number, why: `has a time that is none: ${JSON.stringify(time.slice(0, 40))}` };
      continue;
    }
    const answer = answers.get(key) ?? {};
    answers.set(key, answer);
    if (line.metric === 'http_req_duration') {
      const [status, errorCode] = [Number(tags?.status ?? 0), Number(tags?.error_code ?? 0)];
      answer.done = { endT, durationNs: toNs(value), status, errorCode };
    } else {
      const headers = ServedTag.safeParse(parseJson(tags?.served ?? ''));
      const looked = ToldTag.safeParse(parseJson(tags?.told ?? '{}'));
      const sentMs = Number(tags?.sent_ms ?? Number.NaN);
      if (headers.success && looked.success && !Number.isNaN(sentMs))
        answer.told = { endT, sentT: wallClock.fromMs(sentMs), headers: headers.data, looked: looked.data };
      else bad = { number, why: `has no sent_ms and served, which the script gives every ${ANSWER_METRIC}` };
    }
  }
  if (bad !== undefined && !(isCut && bad.number === number))
    throw new EnvironmentError(`${file}:${bad.number}: ${bad.why}; was the file written by another program?`);
  return { answers, droppedIterations, requests };
}

export interface JoinOptions extends ServedSource {
  plan: readonly PlannedRequest[];
  /** Moment of the run at which `atMs` 0 lies. */
  startT: Nanoseconds;
}

/** The request events of a run that has come to its end: one for every entry of the plan, in its order. */
export function requestEvents({ answers }: Results, options: JoinOptions): Unnumbered<RequestEvent>[] {
  return options.plan.map((planned) => {
    const { name, key, trace, atMs } = planned;
    const t = options.startT + toNs(atMs);
    const { done, told } = answers.get(key) ?? {};
    // The script waits for the moment; that it seems to be sent before is its clock, which has whole ms.
    const startT = Math.max(t, told?.sentT ?? (done === undefined ? t : done.endT - done.durationNs));
    const endT = Math.max(startT, done?.endT ?? told?.endT ?? t);
    const common = { kind: 'request' as const, t, startT, endT, name, key, trace };
    if (done === undefined && told === undefined)
      return { ...common, status: null, outcome: 'dropped', ...NOT_SERVED };
    const { status, errorCode } = done ?? { status: 0, errorCode: 0 };
    if (TIMEOUT_CODES.has(errorCode)) return { ...common, status: null, outcome: 'timeout', ...NOT_SERVED };
    if (status === 0 || (errorCode > 0 && !isStatusCode(errorCode)))
      return { ...common, status: null, outcome: 'broken', ...NOT_SERVED };
    const outcome = status >= 200 && status < 300 ? 'ok' : 'error';
    return {
      ...common,
      status,
      outcome,
      ...servedOf({ status, headers: told?.headers ?? {} }, options),
      ...lookedInto(planned, told?.looked ?? {}),
    };
  });
}

/** What the event says of the answer's content, as the embedded engine would. */
function lookedInto({ wants, question }: PlannedRequest, { found, answer }: LookedInto): Told {
  return {
    ...(wants === undefined || found === undefined ? {} : { wants, found }),
    ...(question === undefined || answer === undefined ? {} : { question, answer }),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
