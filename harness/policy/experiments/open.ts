/** How long it stays open, what a failed probe does to that, and how rejected calls are answered meanwhile. */
import type { Ms } from '../../model/time.ts';
import { type Lab, median } from '../lab.ts';
import type { Call } from '../notebook.ts';
import type { Trip } from './trip.ts';

const NAME = 'light calls from the trip to the next attempt';
/** Steps between polls, as a share of the time that has passed. */
const FINE = 0.012;
const COARSE = 0.1;
const STEP_MS_MIN = 4;
/** Failed probes before a good one. */
const REOPENINGS = 2;
/** Growth below this is noise. */
const GROWTH_MIN = 1.12;

interface Opened {
  lowMs: Ms;
  highMs: Ms;
  probe: Call;
  rejected: Call[];
}

/** Polls until a call reaches the link; null: none did in time. `expectedMs`: what to look at closely. */
async function poll(lab: Lab, anchorMs: Ms, expectedMs: Ms | null): Promise<Opened | null> {
  const rejected: Call[] = [];
  let lowMs: Ms = 0;
  for (;;) {
    const call = await lab.call();
    const first = call.attempts[0];
    if (first !== undefined) return { lowMs, highMs: first.startMs - anchorMs, probe: call, rejected };
    rejected.push(call);
    lowMs = call.reply.startMs - anchorMs;
    const elapsedMs = lab.bench.now() - anchorMs;
    if (elapsedMs > lab.limits.recoveryMsMax || lab.strays(anchorMs) > 0) return null;
    const farMs = expectedMs === null ? Number.NEGATIVE_INFINITY : 0.93 * expectedMs - elapsedMs;
    const stepMs = farMs > 0 ? Math.min(farMs, COARSE * (expectedMs ?? 0)) : FINE * elapsedMs;
    await lab.bench.wait(Math.max(STEP_MS_MIN, stepMs));
  }
}

/** Measures from a trip on, with the failure still armed; leaves the link well and the breaker closed. */
export async function openTime(lab: Lab, { anchorMs, earlierMs }: Trip): Promise<string> {
  const opened: Opened[] = [];
  let fromMs = anchorMs;
  for (let i = 0; i <= REOPENINGS; i++) {
    if (i === REOPENINGS) await lab.bench.heal();
    const found = await poll(lab, fromMs, opened.at(-1)?.highMs ?? null);
    if (found === null) {
      const why =
        lab.strays(fromMs) > 0
          ? 'only attempts came that no call had made'
          : `no attempt came within ${lab.limits.recoveryMsMax} ms`;
      if (opened.length === 0) lab.dontKnow('breaker.openMs', why);
      lab.dontKnow('breaker.openGrowth', why);
      break;
    }
    opened.push(found);
    fromMs = found.probe.attempts.at(-1)?.endMs ?? fromMs;
  }
  rejections(
    lab,
    opened.flatMap(({ rejected }) => rejected),
  );
  const [first] = opened;
  if (first === undefined) return 'it stayed open';
  first.highMs += earlierMs;
  conclude(lab, opened, first);
  await lab.restore();
  return `open for ${opened.map(({ lowMs, highMs }) => `${lowMs.toFixed(0)} to ${highMs.toFixed(0)} ms`).join(', then ')}`;
}

function conclude(lab: Lab, opened: readonly Opened[], first: Opened): void {
  const middle = ({ lowMs, highMs }: Opened): Ms => (lowMs + highMs) / 2;
  const low = Math.max(...opened.map(({ lowMs }) => lowMs));
  const high = Math.min(...opened.map(({ highMs }) => highMs));
  const evidence = { observations: opened.length, experiment: NAME };
  const slackMs = lab.facts.errorMs + 2;
  if (low <= high + 2 * slackMs + 0.02 * high) {
    // One duration explains all of them: it lies where they overlap.
    const [from, to] = [Math.min(low, high), Math.max(low, high)];
    lab.know('breaker.openMs', (from + to) / 2, { low: from - slackMs, high: to + slackMs, ...evidence });
    lab.know('breaker.openGrowth', 1, { low: 0.97, high: 1.03, ...evidence });
    return;
  }
  lab.know('breaker.openMs', middle(first), {
    low: first.lowMs - slackMs,
    high: first.highMs + slackMs,
    observations: 1,
    experiment: NAME,
  });
  const ratios = opened.slice(1).map((later, i) => middle(later) / middle(opened[i] ?? later));
  const least = Math.min(...ratios);
  if (least >= GROWTH_MIN && Math.max(...ratios) / least < 1.1)
    lab.know('breaker.openGrowth', median(ratios), {
      low: least * 0.95,
      high: Math.max(...ratios) * 1.05,
      observations: ratios.length,
      experiment: NAME,
    });
  else
    lab.dontKnow(
      'breaker.openGrowth',
      `it changes by ${ratios.map((ratio) => ratio.toFixed(2)).join(', then ')}`,
    );
}

function rejections(lab: Lab, rejected: readonly Call[]): void {
  if (rejected.length === 0) return;
  const times = rejected.map(({ reply }) => reply.endMs - reply.startMs);
  const observations = rejected.length;
  const experiment = NAME;
  lab.know('rejection.ms', median(times), {
    low: Math.min(...times),
    high: Math.max(...times),
    observations,
    experiment,
  });
}
