/** Schedules in words. */
import { count } from '../model/count.ts';
import { phasesOf, type ScenarioInput } from '../model/scenario.ts';

/** How large a schedule is. */
export function sizeText(scenario: ScenarioInput): string {
  const kinds = Object.keys(scenario.traffic.mix).length;
  const { faultAtMs, healAtMs } = phasesOf(scenario);
  return `${count(scenario.timeline.length, 'fault')} within ${(healAtMs - faultAtMs) / 1_000} s, ${count(kinds, 'kind')} of requests, ${scenario.traffic.ratePerSecond}/s`;
}

/** Its faults and its traffic in one line, times in seconds from the first fault: `llm latency 0–1.2, …; ask, store 40/s`. */
export function scheduleText(scenario: ScenarioInput): string {
  const { timeline, traffic } = scenario;
  const { faultAtMs: beginMs } = phasesOf(scenario);
  const faults = timeline.map((step) => {
    const [from, to] = [step.at - beginMs, step.at - beginMs + ('forMs' in step ? (step.forMs ?? 0) : 0)];
    const when = from === to ? `${from / 1_000}` : `${from / 1_000}–${to / 1_000}`;
    return 'on' in step ? `${step.on} ${whatOf(step)} ${when}` : when;
  });
  return `${faults.join(', ')}; ${Object.keys(traffic.mix).join(', ')} ${traffic.ratePerSecond}/s`;
}

function whatOf(step: ScenarioInput['timeline'][number]): string {
  if ('process' in step) return step.process;
  if (!('inject' in step)) return 'something';
  const { type, attributes = {}, toxicity, probability } = step.inject;
  const [value] = Object.values(attributes);
  const share = toxicity ?? probability;
  return [
    type,
    ...(value === undefined ? [] : [String(value)]),
    ...(share === undefined ? [] : [`${share * 100} %`]),
  ].join(' ');
}
