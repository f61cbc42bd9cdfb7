/** The steady-state checks: what must be true before the fault and again at the end. */
import { z } from 'zod';
import { toMs } from '../model/time.ts';
import { count, defineChecker, fails, holds, inconclusive } from './checker.ts';
import { percentile, steadyRequests } from './windows.ts';

/** Fewer requests than this are no steady state to speak of. */
const REQUESTS_MIN = 10;

const Ratio = z.strictObject({ atLeast: z.number().min(0).max(1) });

export const successRatio = defineChecker<z.infer<typeof Ratio>>({
  name: 'success-ratio',
  about: 'share of requests answered 2xx; those never sent count as failed',
  params: Ratio,
  judge(history, { atLeast }, window) {
    const requests = steadyRequests(history, window);
    if (requests.length < REQUESTS_MIN)
      return inconclusive(`${count(requests.length, 'request')} in the window; ${REQUESTS_MIN} are needed`);
    const bad = requests.filter(({ outcome }) => outcome !== 'ok');
    const ratio = 1 - bad.length / requests.length;
    const says = `${requests.length - bad.length} of ${requests.length} requests succeeded (at least ${atLeast * 100} %)`;
    const numbers = {
      ratio: [ratio, 'ratio'] as [number, string],
      requests: [requests.length, 'requests'] as [number, string],
    };
    return ratio >= atLeast ? holds(says, numbers) : fails(says, numbers, bad);
  },
});

export const servedLive = defineChecker<z.infer<typeof Ratio>>({
  name: 'served-live',
  about: 'share of answers that say they were served live',
  params: Ratio,
  judge(history, { atLeast }, window) {
    const answers = steadyRequests(history, window).filter(({ outcome }) => outcome === 'ok');
    if (answers.length < REQUESTS_MIN)
      return inconclusive(`${count(answers.length, 'answer')} in the window; ${REQUESTS_MIN} are needed`);
    const degraded = answers.filter(({ servedBy }) => servedBy !== 'live');
    const ratio = 1 - degraded.length / answers.length;
    const says = `${answers.length - degraded.length} of ${answers.length} answers were live (at least ${atLeast * 100} %)`;
    const numbers = {
      ratio: [ratio, 'ratio'] as [number, string],
      answers: [answers.length, 'answers'] as [number, string],
    };
    return ratio >= atLeast ? holds(says, numbers) : fails(says, numbers, degraded);
  },
});

const LatencyParams = z.strictObject({
  percentile: z.number().min(1).max(100),
  belowMs: z.number().positive(),
});

export const latency = defineChecker<z.infer<typeof LatencyParams>>({
  name: 'latency',
  about: 'a percentile of the latency of answered requests, from their intended start',
  params: LatencyParams,
  judge(history, { percentile: rank, belowMs }, window) {
    const answers = steadyRequests(history, window).filter(({ outcome }) => outcome === 'ok');
    if (answers.length < REQUESTS_MIN)
      return inconclusive(`${count(answers.length, 'answer')} in the window; ${REQUESTS_MIN} are needed`);
    const latencies = answers.map(({ t, endT }) => toMs(endT - t));
    const valueMs = percentile(latencies, rank / 100);
    const says = `p${rank} latency ${valueMs.toFixed(1)} ms (below ${belowMs})`;
    const numbers = {
      latency: [valueMs, 'ms'] as [number, string],
      limit: [belowMs, 'ms'] as [number, string],
    };
    const slow = answers.filter(({ t, endT }) => toMs(endT - t) >= belowMs);
    return valueMs < belowMs ? holds(says, numbers) : fails(says, numbers, slow);
  },
});
