/**
 * A scenario's traffic as a k6 script and the plan beside it. The script holds no logic of the load: it
 * sends the very plan that the embedded engine would send, entry by entry, and tells with tags which
 * entry each of k6's numbers belongs to. Pure.
 */
import type { Scenario } from '../../model/scenario.ts';
import type { Ms } from '../../model/time.ts';
import { HASH_DIGITS } from '../hash.ts';
import { headersOf, type PlannedRequest } from '../plan.ts';
import { type ServedSource, servedHeaders } from '../served.ts';
import { executorFor } from './executor.ts';
import { thresholdsFor, windowOf } from './thresholds.ts';

/** The file that the script opens, beside it. */
export const PLAN_FILE = 'plan.json';

/** Our own metric: one point per answer, with what k6's own metrics cannot tell. */
export const ANSWER_METRIC = 'tripcurve_answer';

/** What the script prints when k6 is ready to begin, before the moment 0 of the plan (wall clock, ms). */
export const ORIGIN_MARK = 'tripcurve-origin-ms=';

/** The tags of k6's own that are read back, or that help one who reads its output. */
const SYSTEM_TAGS = ['name', 'method', 'status', 'error', 'error_code', 'expected_response', 'scenario'];

export interface Compiled {
  script: string;
  /** Text of {@link PLAN_FILE}. */
  plan: string;
  /** From {@link ORIGIN_MARK} until k6 must have ended by itself. */
  endsAfterMs: Ms;
}

export interface CompileOptions extends ServedSource {
  scenario: Scenario;
  entryUrl: string;
  plan: readonly PlannedRequest[];
}

/** Compiles a plan, which must not be empty. */
export function compileScript(options: CompileOptions): Compiled {
  const { scenario, entryUrl, plan } = options;
  const { requestTimeoutMs } = scenario.traffic;
  const executor = executorFor(scenario.traffic, plan);
  const k6Options = {
    scenarios: { traffic: executor.scenario },
    thresholds: thresholdsFor(scenario),
    discardResponseBodies: true,
    systemTags: SYSTEM_TAGS, // a config file of the user's might leave one out that is read back
    userAgent: '', // the embedded engine sends none
  };
  const entries = plan.map((planned) => {
    const { atMs, method, path, body, name, key, trace, wants, compare } = planned;
    const tags = { name, key, trace, window: windowOf(atMs, scenario) };
    const looks = { wants, compare };
    const sent = { atMs, method, path, headers: headersOf(planned), body, tags };
    return wants === undefined && compare === undefined ? sent : { ...sent, looks };
  });
  const script = `// Made by tripcurve from the scenario ${text(scenario.name)}; see docs/k6.md. It sends ${PLAN_FILE}, entry by entry.
import { sleep } from 'k6';
import { sha256 } from 'k6/crypto';
import { SharedArray } from 'k6/data';
import exec from 'k6/execution';
import http from 'k6/http';
import { Trend } from 'k6/metrics';

/** @type {import('k6/options').Options} */
export const options = ${JSON.stringify(k6Options, null, 2)};

/**
 * @typedef {object} Entry
 * @property {number} atMs when it is to be sent, from the moment 0
 * @property {string} method
 * @property {string} path
 * @property {Record<string, string>} headers
 * @property {string | null} body
 * @property {{ name: string, key: string, trace: string, window: string }} tags
 * @property {{ wants?: string, compare?: string }} [looks] what is looked for in the answer
 */

const origin = ${text(new URL(entryUrl).origin)};
const servedHeaders = ${JSON.stringify(servedHeaders(options))};

/** @type {Entry[]} */
const plan = new SharedArray('plan', () => JSON.parse(open('./${PLAN_FILE}')));
const answered = new Trend('${ANSWER_METRIC}', true);

http.setResponseCallback(http.expectedStatuses({ min: 200, max: 299 }));

/** Runs once, when every virtual user is there: only now can the moment 0 be told. */
export function setup() {
  const originMs = Date.now() + ${executor.originAfterMs};
  console.log('${ORIGIN_MARK}' + originMs);
  return { originMs };
}

/** @param {{ originMs: number }} data */
export default function (data) {
  // Dropped iterations are not counted here: no entry is skipped, and none is sent twice.
  const index = exec.scenario.iterationInTest;
  if (index >= plan.length) return;
  const entry = plan[index];
  const earlyMs = data.originMs + entry.atMs - Date.now();
  if (earlyMs > 0) sleep(earlyMs / 1000);
  const sentMs = Date.now();
  const response = http.request(entry.method, origin + entry.path, entry.body, {
    headers: entry.headers,
    tags: entry.tags,
    timeout: '${requestTimeoutMs}ms',
    redirects: 0,
    responseType: entry.looks === undefined ? 'none' : 'text',
  });
  const tags = Object.assign({ sent_ms: String(sentMs), served: JSON.stringify(servedBy(response.headers)) }, entry.tags);
  if (entry.looks !== undefined && typeof response.body === 'string')
    Object.assign(tags, { told: JSON.stringify(lookInto(response.body, entry.looks)) });
  answered.add(response.timings.duration, tags);
}

/**
 * The headers that say how an answer was served; k6 has its own ideas of capital letters.
 * @param {Record<string, string>} headers
 */
function servedBy(headers) {
  /** @type {Record<string, string>} */
  const found = {};
  for (const name of Object.keys(headers)) {
    const lower = name.toLowerCase();
    if (servedHeaders.indexOf(lower) >= 0) found[lower] = headers[name];
  }
  return found;
}

/**
 * The same as harness/load/answer.ts says of a body that this process gets.
 * @param {string} text
 * @param {{ wants?: string, compare?: string }} looks
 */
function lookInto(text, looks) {
  /** @type {{ found?: boolean, answer?: string | null }} */
  const told = {};
  if (looks.wants !== undefined) told.found = tells(text, looks.wants);
  if (looks.compare !== undefined) told.answer = comparedPart(text, looks.compare);
  return told;
}

/**
 * @param {string} text
 * @param {string} key
 */
function tells(text, key) {
  for (let at = text.indexOf(key); at >= 0; at = text.indexOf(key, at + 1))
    if (!/[\\w-]/.test(text.charAt(at + key.length))) return true;
  return false;
}

/**
 * @param {string} text
 * @param {string} path
 */
function comparedPart(text, path) {
  let value;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return null;
  }
  for (const step of path.split('.')) {
    if (value === null || typeof value !== 'object' || !Object.prototype.hasOwnProperty.call(value, step)) return null;
    value = value[step];
  }
  return value === undefined || value === null || value === '' ? null : sha256(JSON.stringify(value), 'hex').slice(0, ${HASH_DIGITS});
}
`;
  return { script, plan: `${JSON.stringify(entries, null, 1)}\n`, endsAfterMs: executor.endsAfterMs };
}

/** A string literal that cannot end the comment or template it stands in: line ends are escaped. */
function text(value: string): string {
  return JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}
