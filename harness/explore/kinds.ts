/**
 * The faults that are drawn. Each draws its own attributes, on the scale of the link's declared times, so that what
 * lies just below a timeout and just above it both come up.
 */
import type { FaultInput } from '../model/fault.ts';
import type { ProcessStep } from '../model/scenario.ts';
import type { Dice } from './dice.ts';

/** Times of a link on whose scale faults are drawn, in ms. */
export interface Scale {
  timeoutMs: number;
  openMs: number;
}

type Attributes = (dice: Dice, scale: Scale) => Record<string, unknown>;

/** On bytes: may act on a share of the connections. */
const TOXICS: Readonly<Record<string, Attributes>> = {
  accept_then_fin: () => ({}),
  reset_peer: (dice, { timeoutMs }) => ({
    timeout: dice.chance(0.7) ? 0 : Math.round(dice.spread(10, timeoutMs)),
  }),
  half_open: () => ({}),
  timeout: (dice, { timeoutMs }) => ({
    timeout: dice.chance(0.5) ? 0 : Math.round(dice.spread(20, 2 * timeoutMs)),
  }),
  latency: (dice, { timeoutMs }) => {
    const latency = Math.round(dice.spread(10, 4 * timeoutMs));
    return { latency, jitter: dice.chance(0.5) ? 0 : Math.round(latency * 0.5) };
  },
  bandwidth: (dice) => ({ rate: Math.round(dice.spread(1, 100)) }),
  slow_close: (dice) => ({ delay: Math.round(dice.spread(10, 1_000)) }),
  slicer: (dice) => ({
    average_size: Math.round(dice.spread(8, 200)),
    size_variation: 4,
    delay: dice.whole(0, 2_000),
  }),
  limit_data: (dice) => ({ bytes: dice.chance(0.3) ? 0 : Math.round(dice.spread(10, 5_000)) }),
};

/** On HTTP exchanges: may act on a share of them. */
const HTTP: Readonly<Record<string, Attributes>> = {
  http_status: (dice) => {
    const status = dice.one([500, 502, 503, 504, 529, 429]);
    const asks = status === 429 || status === 503;
    return { status, ...(asks && dice.chance(0.5) ? { retry_after: dice.whole(0, 1) } : {}) };
  },
  http_slow_first_byte: (dice, { timeoutMs }) => ({ delay_ms: Math.round(dice.spread(10, 4 * timeoutMs)) }),
  http_hang_after_headers: () => ({}),
  http_close_on_reuse: (dice) => ({ how: dice.one(['fin', 'rst']) }),
  http_body_cut: (dice) => ({ bytes: dice.whole(0, 200), how: dice.one(['fin', 'rst']) }),
  http_malformed_json: (dice) => ({ how: dice.one(['truncated', 'garbage', 'html']) }),
};

/** Those that say something of LLMs and embeddings only: drawn where the config names them. */
const NAMED_HTTP: Readonly<Record<string, Attributes>> = {
  http_wrong_schema: (dice) => ({ how: dice.one(['wrapped', 'empty', 'nulls']) }),
  http_wrong_content_type: () => ({}),
  llm_empty_choices: () => ({}),
  llm_rate_limit: (dice) => ({ requests: dice.whole(1, 10), window_ms: dice.whole(200, 2_000) }),
  embedding_wrong: (dice) => ({ how: dice.one(['dimension', 'nan']) }),
};

const POSTGRES: Readonly<Record<string, Attributes>> = {
  postgres_refuse: (dice) => ({ sqlstate: dice.one(['53300', '57P03']) }),
  postgres_error: (dice) => ({ sqlstate: dice.one(['40001', '40P01', '55P03', '53100', '25006', '57014']) }),
  postgres_kill: (dice) => ({ sqlstate: dice.one(['57P01', '57P02']) }),
  postgres_cut: (dice) => ({ when: dice.one(['before', 'after']) }),
  postgres_slow: (dice, { timeoutMs }) => ({ delay_ms: Math.round(dice.spread(10, 4 * timeoutMs)) }),
  postgres_hold: () => ({}),
};

const LISTENERS = ['down', 'black_hole'];

const PROCESSES: Readonly<Record<string, ProcessStep['process']>> = {
  'process kill': 'kill',
  'process pause': 'pause',
  'process restart': 'restart',
};

/** Kinds that are drawn on a link of that protocol unless the config names others. */
export function kindsFor(protocol: string): string[] {
  return [
    ...LISTENERS,
    ...Object.keys(TOXICS),
    ...(protocol === 'http' ? Object.keys(HTTP) : []),
    ...(protocol === 'postgres' ? Object.keys(POSTGRES) : []),
    ...Object.keys(PROCESSES),
  ];
}

/** Every kind there is. */
export function allKinds(): string[] {
  return [...new Set([...kindsFor('http'), ...Object.keys(NAMED_HTTP), ...kindsFor('postgres')])];
}

/** What two faults on one link must not both be at once: the later would only undo the earlier. */
export function planeOf(kind: string): 'listener' | 'process' | 'wire' {
  if (LISTENERS.includes(kind)) return 'listener';
  return kind in PROCESSES ? 'process' : 'wire';
}

/** A fault of a kind, or what is done to a process. */
export function drawFault(
  kind: string,
  dice: Dice,
  scale: Scale,
): { inject: FaultInput } | { process: ProcessStep['process'] } {
  const process = PROCESSES[kind];
  if (process !== undefined) return { process };
  if (LISTENERS.includes(kind)) return { inject: { type: kind } };
  const toxic = TOXICS[kind];
  if (toxic !== undefined) {
    const inject: FaultInput = { type: kind, attributes: toxic(dice, scale) };
    if (dice.chance(0.4)) inject.stream = 'upstream';
    if (dice.chance(0.4)) inject.toxicity = share(dice);
    return { inject };
  }
  const attributes = HTTP[kind] ?? NAMED_HTTP[kind] ?? POSTGRES[kind];
  if (attributes === undefined) throw new RangeError(`there is no kind of fault "${kind}"`);
  const inject: FaultInput = { type: kind, attributes: attributes(dice, scale) };
  if (dice.chance(0.4)) inject.probability = share(dice);
  else if (dice.chance(0.2)) inject.match = { every: dice.whole(2, 4) };
  return { inject };
}

function share(dice: Dice): number {
  return dice.whole(1, 9) / 10;
}
