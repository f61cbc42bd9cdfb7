/**
 * The load as a plan: every request with its intended moment and its content, decided by the seed
 * before the first one is sent. Pure, so that a run can be repeated and a plan looked at.
 */
import type { Config } from '../model/config.ts';
import { UsageError } from '../model/errors.ts';
import { seededRandom, seedFor } from '../model/random.ts';
import type { Traffic } from '../model/scenario.ts';
import type { Ms } from '../model/time.ts';
import { nearest } from '../model/validate.ts';
import { momentOf } from './arrivals.ts';
import { hashOf } from './hash.ts';

/** One request to be sent. */
export interface PlannedRequest {
  atMs: Ms;
  name: string;
  method: string;
  path: string;
  headers: Record<string, string>;
  body: string | null;
  /** Unique in the run; `{{key}}` in the config's templates. */
  key: string;
  /** 32 hex digits, sent in traceparent. */
  trace: string;
  /** Key of the earlier write that it asks for. */
  wants?: string;
  /** Path of the part of the answer that is compared, and the hash of what was asked. */
  compare?: string;
  question?: string;
}

/** A write is asked for when so much time has gone by since it was sent; most are acknowledged by then. */
const WRITTEN_BEFORE_MS: Ms = 400;

/**
 * Draws the plan for `durationMs` of traffic.
 * @throws UsageError where the mix names an unknown request kind, or a template an unknown pool.
 */
export function planLoad(
  traffic: Traffic,
  config: Config,
  durationMs: Ms,
  seed: number,
  run: string,
): PlannedRequest[] {
  const kinds = Object.entries(traffic.mix).filter(([, weight]) => weight > 0);
  for (const [name] of kinds) {
    if (config.requests[name] !== undefined) continue;
    const near = nearest(name, Object.keys(config.requests));
    throw new UsageError(
      `traffic.mix: no request "${name}" in the config${near === undefined ? '' : `; did you mean "${near}"?`}`,
    );
  }
  const totalWeight = kinds.reduce((sum, [, weight]) => sum + weight, 0);
  if (totalWeight === 0) throw new UsageError('traffic.mix: every weight is 0, so there is nothing to send');

  const random = seededRandom(seedFor(seed, 'load'));
  const plan: PlannedRequest[] = [];
  const writes: PlannedRequest[] = [];
  /** Of those that may be asked for, the first that is too young. */
  let tooYoung = 0;
  for (let expected = gap(); momentOf(expected, traffic) < durationMs; expected += gap())
    add(request(momentOf(expected, traffic), draw()));
  return plan;

  function add(planned: PlannedRequest): void {
    plan.push(planned);
    if (config.requests[planned.name]?.write === true) writes.push(planned);
  }

  /** To the next arrival, in arrivals that are expected meanwhile: where the rate is high, that is soon. */
  function gap(): number {
    // Independent arrivals have exponential gaps; 1 − u keeps the logarithm finite.
    return traffic.arrivals === 'constant' ? 1 : -Math.log(1 - random());
  }

  function draw(): string {
    let left = random() * totalWeight;
    for (const [name, weight] of kinds) {
      left -= weight;
      if (left < 0) return name;
    }
    return kinds.at(-1)?.[0] ?? '';
  }

  function request(atMs: Ms, name: string): PlannedRequest {
    while ((writes[tooYoung]?.atMs ?? Infinity) <= atMs - WRITTEN_BEFORE_MS) tooYoung++;
    const written = writes[tooYoung - 1]?.key ?? null;
    return { atMs, ...fillIn(config, name, `${run}-${plan.length + 1}`, random, written) };
  }
}

/**
 * A request of a kind, its templates filled in.
 * @param random draws words and the trace id
 * @param written key of an earlier write; null: there is none, and the request asks for its own key, in vain
 * @throws UsageError where the kind is unknown, or a template names an unknown pool
 */
export function fillIn(
  config: Pick<Config, 'requests' | 'pools'>,
  name: string,
  key: string,
  random: () => number,
  written: string | null = null,
): Omit<PlannedRequest, 'atMs'> {
  const kind = config.requests[name];
  if (kind === undefined) throw new UsageError(`no request "${name}" in the config`);
  const fill = (text: string): string => fillTemplate(text, key, `requests.${name}`);
  let asksForWrite = false;
  const filled = {
    name,
    method: kind.method,
    path: fill(kind.path),
    headers: Object.fromEntries(Object.entries(kind.headers).map(([header, text]) => [header, fill(text)])),
    body: kind.body === undefined ? null : JSON.stringify(mapStrings(kind.body, fill)),
    key,
    trace: hexDigits(32),
  };
  return {
    ...filled,
    ...(asksForWrite && written !== null ? { wants: written } : {}),
    ...(kind.compare === undefined
      ? {}
      : { compare: kind.compare, question: hashOf(`${filled.method} ${filled.path} ${filled.body}`) }),
  };

  function fillTemplate(text: string, key: string, where: string): string {
    return text.replaceAll(/\{\{\s*([^}]*?)\s*\}\}/g, (_whole, name: string) => {
      if (name === 'key') return key;
      if (name === 'written') {
        asksForWrite = true;
        return written ?? key;
      }
      const words = name.startsWith('pick.') ? config.pools[name.slice('pick.'.length)] : undefined;
      const word = words?.[Math.floor(random() * words.length)];
      if (word === undefined)
        throw new UsageError(
          `${where}: unknown placeholder {{${name}}}; known: {{key}}, {{written}} and {{pick.<pool>}}`,
        );
      return word;
    });
  }

  function hexDigits(count: number): string {
    let digits = '';
    while (digits.length < count)
      digits += Math.floor(random() * 0x10000)
        .toString(16)
        .padStart(4, '0');
    return digits.slice(0, count);
  }
}

/** What is sent as headers; the same whoever sends it. A kind's own headers come last: they may replace ours. */
export function headersOf({ headers, body, trace }: Omit<PlannedRequest, 'atMs'>): Record<string, string> {
  return {
    ...(body === null ? {} : { 'content-type': 'application/json' }),
    traceparent: `00-${trace}-${trace.slice(0, 16)}-01`,
    ...headers,
  };
}

/** Applies `change` to every string inside a JSON value. */
function mapStrings(value: unknown, change: (text: string) => string): unknown {
  if (typeof value === 'string') return change(value);
  if (Array.isArray(value)) return value.map((item) => mapStrings(item, change));
  if (value !== null && typeof value === 'object') {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapStrings(item, change)]));
  }
  return value;
}
