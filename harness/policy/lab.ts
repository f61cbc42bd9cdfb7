/**
 * The laboratory: one kind of request against one link, a call at a time, every call noted as the
 * breaker may have counted it. Experiments work with calls and findings; how a call comes about is
 * the bench's.
 */
import type { Ms } from '../model/time.ts';
import { type Attempt, type Bench, type Condition, HTTP_WAYS, type Reply, type Ways } from './bench.ts';
import { type Call, Notebook, newFacts } from './notebook.ts';
import { ANY, HIDING_SHARE, lastMs, PROBES_MAX, type Seen } from './story.ts';

/** Calls at once, and what of them reached the link before and after their answers were let go. */
export interface Burst {
  calls: Reply[];
  held: Attempt[];
  later: Attempt[];
  letGoMs: Ms;
}

export interface LabLimits {
  /** Failed calls after which a breaker that has not tripped is taken as absent. */
  callsMax: number;
  /** An attempt that is not given up by then has no timeout. */
  patienceMs: Ms;
  /** The breaker must have closed again by then. */
  recoveryMsMax: Ms;
  /** Pauses longer than this are not tried, to find windows of time. */
  pauseMsMax: Ms;
  /** Calls at once, at most. */
  burstMax: number;
  /** Calls that sample gaps between attempts. */
  retrySamples: number;
}

/** As it happened; what it meant for the breaker is read from it when more is known. */
type Logged =
  | { what: 'call'; ok: boolean; endMs: Ms; attempts: { ok: boolean; endMs: Ms }[] }
  | { what: 'good'; count: number; endMs: Ms }
  | { what: 'silence'; endMs: Ms }
  | { what: 'rejected'; count: number; endMs: Ms }
  | { what: 'closed' }
  | { what: 'fog'; calls: number; endMs: Ms };

/** Thrown where the link does not come back: nothing more can be measured. */
export class Stuck extends Error {
  override readonly name = 'Stuck';
}

/** A target that has left answers what is sent to it with RST, which a link waits 25 ms for. */
const LEFT_SHOWS_MS = 80;
const SETTLE_MS_MIN = 60;
const SETTLE_SHARE = 6;
const POLL_MS_MIN = 5;
const POLL_MS_MAX = 250;

export class Lab extends Notebook {
  readonly bench: Bench;
  readonly limits: LabLimits;
  #log: Logged[] = [];
  #fogDepth = 0;

  /** @param facts those of another lab that measures the same service; left out: nothing is known yet */
  constructor(
    bench: Bench,
    limits: LabLimits,
    errorMs: Ms,
    facts = newFacts(bench.kinds[0] ?? '', errorMs, limits.burstMax),
  ) {
    super(facts);
    this.bench = bench;
    this.limits = limits;
  }

  get ways(): Ways {
    return this.bench.ways ?? HTTP_WAYS;
  }

  /** Attempts since then that no call of ours can have made, of those that were over when attempts were last read. */
  strays(fromMs: Ms): number {
    return this.bench.strays?.(fromMs) ?? 0;
  }

  /** One call under what is armed, and all it did on the link. */
  async call(key?: string): Promise<Call> {
    const fromMs = this.bench.now();
    const reply = await this.bench.ask(this.facts.kind, key).reply;
    const call = { reply, attempts: await this.since(fromMs) };
    this.note(call);
    return call;
  }

  /**
   * One call that meets something endless, to the end of everybody's patience: what is known of its attempts
   * shows when the link is healed, since a target that has left is noticed by what is then sent to it.
   * @param lookMs healed no later than this: what comes after the first attempt need not be waited for
   */
  async endlessCall(lookMs = Number.POSITIVE_INFINITY): Promise<Call & { healedMs: Ms }> {
    const fromMs = this.bench.now();
    const asked = this.bench.ask(this.facts.kind).reply;
    await (Number.isFinite(lookMs) ? Promise.race([asked, this.bench.wait(lookMs)]) : asked);
    // The caller may have its answer before the link has read that the target left; healed by then, the attempt
    // would look like one that was answered.
    await this.bench.wait(LEFT_SHOWS_MS);
    const healedMs = this.bench.now();
    await this.bench.heal();
    const reply = await asked;
    await this.bench.wait(LEFT_SHOWS_MS);
    return { reply, attempts: await this.since(fromMs), healedMs };
  }

  /** How long answers are held for calls at once: until all of them must have come as far as the link. */
  get settleMs(): Ms {
    return Math.max(SETTLE_MS_MIN, SETTLE_SHARE * this.facts.healthyMs);
  }

  /** Calls all at once while answers are held; `held` are the attempts that had begun before they were let go. */
  async burst(count: number, settleMs: Ms): Promise<Burst> {
    const fromMs = this.bench.now();
    const asked = Array.from({ length: count }, () => this.bench.ask(this.facts.kind));
    await this.bench.wait(settleMs);
    const letGoMs = this.bench.now();
    await this.bench.heal();
    const calls = await Promise.all(asked.map(({ reply }) => reply));
    const attempts = await this.since(fromMs);
    const held = attempts.filter(({ startMs }) => startMs <= letGoMs);
    return { calls, held, later: attempts.filter(({ startMs }) => startMs > letGoMs), letGoMs };
  }

  /** Attempts that began since then and are over; none of a call that had begun before and runs on after its caller has gone. */
  async since(fromMs: Ms): Promise<Attempt[]> {
    const all = await this.bench.attempts();
    const before = new Set(
      this.facts.callsDiffer ? all.filter(({ startMs }) => startMs < fromMs).map(({ call }) => call) : [],
    );
    before.delete(null); // of which nobody knows whose they are
    return all.filter(({ startMs, call }) => startMs >= fromMs && !before.has(call));
  }

  /** All is well, and calls reach the link again: whatever was open has closed. @throws Stuck */
  async restore(successes = this.facts.successesToClose ?? PROBES_MAX + 2): Promise<void> {
    await this.bench.heal();
    const startMs = this.bench.now();
    let pollMs = POLL_MS_MIN;
    for (let good = 0; good < successes; ) {
      const call = await this.call();
      if (call.attempts.length > 0 && call.attempts.at(-1)?.ok === true) {
        good++;
        continue;
      }
      good = 0;
      if (this.bench.now() - startMs > this.limits.recoveryMsMax)
        throw new Stuck(
          `${this.limits.recoveryMsMax} ms after the link was healed calls still do not reach it`,
        );
      await this.bench.wait(pollMs);
      pollMs = Math.min(POLL_MS_MAX, pollMs * 1.3);
    }
  }

  /**
   * Runs what no rule could be asked about: calls at once, failures of another shape. The story then says only
   * that something was.
   */
  async inFog<T>(run: () => Promise<T>): Promise<T> {
    const before = this.bench.askedCount;
    this.#fogDepth++;
    try {
      return await run();
    } finally {
      this.#fogDepth--;
      this.fog(this.bench.askedCount - before);
    }
  }

  /** Runs what is not noted: who does so tells of it, with `note`, `noteFailures` or `fog`. */
  async unnoted<T>(run: () => Promise<T>): Promise<T> {
    this.#fogDepth++;
    try {
      return await run();
    } finally {
      this.#fogDepth--;
    }
  }

  /** So many calls were, and no rule can be asked about them. */
  fog(calls: number): void {
    if (this.#fogDepth === 0 && calls > 0) this.#log.push({ what: 'fog', calls, endMs: this.bench.now() });
  }

  /** Calls that ran at once and failed to the last attempt, and tripped nothing: in which order makes no difference. */
  noteFailures(series: readonly { attempts: readonly Attempt[] }[]): void {
    if (this.#fogDepth > 0) return;
    const endOf = ({ attempts }: { attempts: readonly Attempt[] }): Ms => attempts.at(-1)?.endMs ?? 0;
    const startMs = Math.min(...series.map(endOf));
    for (const one of series.toSorted((a, b) => endOf(a) - endOf(b)))
      this.#log.push({
        what: 'call',
        ok: false,
        endMs: endOf(one),
        // Those of calls that ran side by side are told one call after the other, in time that never runs back.
        attempts: one.attempts.map(({ ok, endMs }) => ({ ok, endMs: Math.max(startMs, endMs) })),
      });
  }

  /** It is known to be closed now, whatever number of probes it took. */
  closed(): void {
    this.#log.push({ what: 'closed' });
  }

  /** Calls that were sent together: so many let through, so many after those, the others not. All went well. */
  noteBurst(size: number, { held, later, letGoMs: endMs }: Burst): void {
    for (const { length: count } of [held, later]) this.#log.push({ what: 'good', count, endMs });
    const rejected = size - held.length - later.length;
    if (rejected > 0) this.#log.push({ what: 'rejected', count: rejected, endMs });
  }

  /** Forgets what was noted. */
  forget(): void {
    this.#log = [];
  }

  /** What the breaker has lived through, as far as it is known by now when it was closed. */
  story(): Seen[] {
    const story: Seen[] = [];
    const attemptsEach = Math.max(
      this.facts.attemptsOfFailure,
      ...Object.values(this.matrix).map(({ attempts }) => attempts ?? 1),
    );
    const open = this.findings['breaker.openMs'];
    const openMs = open?.known === true ? (open.low ?? Number(open.value)) : Number.POSITIVE_INFINITY;
    const closesAfter = this.facts.successesToClose ?? PROBES_MAX;
    let probesLeft: number | null = null; // null: closed
    const close = (endMs: Ms): void => {
      probesLeft = null;
      story.push({ what: 'closed' });
      // What it has counted since it closed is not known where it is not known when that was.
      if (this.facts.successesToClose === null)
        story.push({ what: 'fog', calls: closesAfter, attemptsEach: 1, endMs });
    };
    for (const logged of this.#log) {
      const last = story.at(-1);
      switch (logged.what) {
        case 'silence':
          // It was the call before that tripped it, where that one had failed.
          if (probesLeft === null && last?.what === 'call') {
            // Some rules trip on a success, and then nothing is sure.
            if (last.ok) story.push({ what: 'fog', calls: ANY, attemptsEach, endMs: logged.endMs });
            else last.tripped = true;
          }
          probesLeft = closesAfter;
          story.push({ what: 'rejected', endMs: logged.endMs });
          break;
        case 'rejected':
          for (let i = 0; i < logged.count; i++) story.push({ what: 'rejected', endMs: logged.endMs });
          break;
        case 'fog':
          story.push({ ...logged, attemptsEach });
          break;
        case 'closed':
          if (probesLeft !== null) close(lastMs(story));
          break;
        case 'good': {
          const { count, endMs } = logged;
          const good = {
            what: 'call',
            ok: true,
            endMs,
            attempts: [{ ok: true, endMs }],
            tripped: false,
            mayHide: false,
            cutShort: false,
          } as const;
          const probes = Math.min(count, probesLeft ?? 0);
          for (let i = 0; i < count; i++)
            if (probesLeft === null || i < probes) story.push({ ...good, isProbe: probesLeft !== null });
          if (probesLeft === null) break;
          probesLeft -= probes;
          if (probesLeft > 0) break;
          close(endMs);
          // Whether probes beyond the last that was needed are counted is not known.
          if (count > probes) story.push({ what: 'surplus', count: count - probes, endMs });
          break;
        }
        case 'call': {
          if (last?.what === 'call' && last.tripped === null && probesLeft === null) {
            // What was cut short had been tripped, and may have closed again behind the pause before the next attempt.
            if (last.cutShort) story.push({ what: 'fog', calls: ANY, attemptsEach, endMs: logged.endMs });
            else if ((logged.attempts[0]?.endMs ?? logged.endMs) - last.endMs > HIDING_SHARE * openMs)
              last.mayHide = true;
            else last.tripped = false;
          }
          const cutShort = !logged.ok && logged.attempts.length < this.facts.attemptsOfFailure;
          story.push({ ...logged, tripped: null, mayHide: false, cutShort, isProbe: probesLeft !== null });
          if (probesLeft === null) break;
          probesLeft = logged.ok ? probesLeft - 1 : closesAfter;
          if (probesLeft <= 0) close(logged.endMs);
          break;
        }
      }
    }
    return story;
  }

  /** Notes a call, as `call` does. */
  note({ reply, attempts }: Call): void {
    if (this.#fogDepth > 0) return;
    const last = attempts.at(-1);
    if (last === undefined) this.#log.push({ what: 'silence', endMs: reply.endMs });
    else
      this.#log.push({
        what: 'call',
        ok: last.ok,
        endMs: Math.min(reply.endMs, last.endMs),
        attempts: attempts.map(({ ok, endMs }) => ({ ok, endMs })),
      });
  }

  async arm(condition: Condition, times?: number): Promise<string | null> {
    return this.bench.arm(condition, times);
  }
}

/** Of the time for which answers are held, at its end: nothing more may come in it. */
const QUIET_SHARE = 0.4;

/** Whether attempts had stopped coming well before they were let go; else it was not a limit that kept others away. */
export function isSaturated(held: readonly Attempt[], letGoMs: Ms, settleMs: Ms): boolean {
  const last = Math.max(...held.map(({ startMs }) => startMs));
  return letGoMs - last >= QUIET_SHARE * settleMs;
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length / 2;
  return sorted.length % 2 === 1
    ? (sorted[Math.floor(middle)] ?? Number.NaN)
    : ((sorted[middle - 1] ?? Number.NaN) + (sorted[middle] ?? Number.NaN)) / 2;
}
