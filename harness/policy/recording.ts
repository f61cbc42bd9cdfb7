/** A bench that notes what passes it: for every experiment its calls, the attempts on the link and what was armed. */
import type { QuantityName } from '../model/measured.ts';
import type { Ms } from '../model/time.ts';
import {
  KEPT_ATTEMPTS,
  KEPT_CALLS,
  type WireCall,
  type WireChapter,
  type WireFault,
  type WireRecord,
} from '../model/wire.ts';
import { type Asked, type Attempt, type Bench, type Condition, HTTP_WAYS, type Ways } from './bench.ts';

/** A chapter that is being written. What is bounded is bounded when it is closed. */
interface Draft {
  experiment: string;
  part: string | null;
  fromMs: Ms;
  toMs: Ms;
  calls: WireCall[];
  faults: WireFault[];
}

export type Recorded = Pick<WireRecord, 'chapters' | 'behind'>;

export class RecordingBench implements Bench {
  readonly #bench: Bench;
  readonly #replica: number;
  readonly #drafts: Draft[] = [];
  readonly #behind: Partial<Record<QuantityName, string[]>> = {};
  #seen: readonly Attempt[] = [];
  #armed: WireFault | null = null;
  #splits = false;

  constructor(bench: Bench, replica = 1) {
    this.#bench = bench;
    this.#replica = replica;
  }

  get link(): string {
    return this.#bench.link;
  }

  get kinds(): readonly string[] {
    return this.#bench.kinds;
  }

  get askedCount(): number {
    return this.#bench.askedCount;
  }

  /** What follows belongs to this experiment. @param splits whether each shape that is armed begins a part */
  begin(experiment: string, splits = false): void {
    this.#close();
    this.#splits = splits;
    this.#open(experiment, null);
  }

  /** The value came from this experiment. */
  credit(name: QuantityName, experiment: string): void {
    const names = this.#behind[name] ?? [];
    if (!names.includes(experiment)) this.#behind[name] = [...names, experiment];
  }

  /** All that was seen so far. */
  recorded(): Recorded {
    this.#close();
    const chapters = this.#drafts
      .map((draft) => chapterOf(draft, this.#seen, this.#replica))
      .filter(({ calls, attempts }) => calls.length + attempts.length > 0);
    return { chapters, behind: this.#behind };
  }

  get ways(): Ways {
    return this.#bench.ways ?? HTTP_WAYS;
  }

  learn(kind: string): number {
    return this.#bench.learn?.(kind) ?? 1;
  }

  strays(fromMs: Ms): number {
    return this.#bench.strays?.(fromMs) ?? 0;
  }

  now(): Ms {
    return this.#bench.now();
  }

  wait(ms: Ms): Promise<void> {
    return this.#bench.wait(ms);
  }

  async arm(condition: Condition, times?: number): Promise<string | null> {
    this.#lift();
    const last = this.#drafts.at(-1);
    if (
      this.#splits &&
      last !== undefined &&
      this.ways.shapes.some((shape) => shape === condition) &&
      last.part !== condition
    ) {
      this.#close();
      this.#open(last.experiment, condition);
    }
    const fromMs = this.now();
    const why = await this.#bench.arm(condition, times);
    if (why === null) {
      this.#armed = { condition, fromMs, toMs: Number.POSITIVE_INFINITY, times: times ?? null };
      this.#drafts.at(-1)?.faults.push(this.#armed);
    }
    return why;
  }

  async heal(): Promise<void> {
    await this.#bench.heal();
    this.#lift();
  }

  ask(kind: string, key?: string): Asked {
    const asked = this.#bench.ask(kind, key);
    const draft = this.#drafts.at(-1);
    const reply = asked.reply.then((one) => {
      draft?.calls.push({ ...one });
      return one;
    });
    return { reply, abandon: () => asked.abandon() };
  }

  async attempts(): Promise<readonly Attempt[]> {
    this.#seen = await this.#bench.attempts();
    return this.#seen;
  }

  #open(experiment: string, part: string | null): void {
    const fromMs = this.now();
    const faults: WireFault[] = [];
    if (this.#armed !== null) {
      // It is still armed from the chapter before.
      this.#armed = { ...this.#armed, fromMs };
      faults.push(this.#armed);
    }
    this.#drafts.push({ experiment, part, fromMs, toMs: Number.POSITIVE_INFINITY, calls: [], faults });
  }

  #close(): void {
    const last = this.#drafts.at(-1);
    if (last === undefined || Number.isFinite(last.toMs)) return;
    last.toMs = this.now();
    if (this.#armed !== null) this.#armed.toMs = last.toMs;
  }

  #lift(): void {
    if (this.#armed !== null) this.#armed.toMs = this.now();
    this.#armed = null;
  }
}

/** Records of several replicas as one. */
export function mergeRecorded(all: readonly Recorded[]): Recorded {
  const behind: Recorded['behind'] = {};
  for (const one of all)
    for (const [name, experiments] of Object.entries(one.behind))
      behind[name as QuantityName] = [...new Set([...(behind[name as QuantityName] ?? []), ...experiments])];
  return {
    chapters: all.flatMap(({ chapters }) => chapters).toSorted((a, b) => a.fromMs - b.fromMs),
    behind,
  };
}

/** Bounded: of a long chapter the beginning and the end are kept. */
function chapterOf(draft: Draft, seen: readonly Attempt[], replica: number): WireChapter {
  const { experiment, part, fromMs, toMs, faults } = draft;
  const calls = draft.calls.toSorted((a, b) => a.startMs - b.startMs);
  const ids = new Map<string, number>();
  const idOf = (call: string | null): number => {
    // One of which nobody knows the call has nothing in common with others.
    const key = call ?? `unknown ${ids.size}`;
    const id = ids.get(key) ?? ids.size;
    ids.set(key, id);
    return id;
  };
  const attempts = seen.filter(({ startMs }) => startMs >= fromMs && startMs < toMs);
  const window = middleOf(calls, attempts);
  const isKept = ({ startMs }: { startMs: Ms }): boolean =>
    window === null || startMs < window.fromMs || startMs >= window.toMs;
  const keptCalls = calls.filter(isKept);
  const keptAttempts = attempts.filter(isKept);
  return {
    experiment,
    part,
    replica,
    fromMs: rounded(fromMs),
    toMs: rounded(toMs),
    calls: keptCalls.map((call) => ({
      ...call,
      startMs: rounded(call.startMs),
      endMs: rounded(call.endMs),
    })),
    attempts: keptAttempts.map(({ startMs, endMs, firstByteMs, status, ok, endedBy, call }) => ({
      startMs: rounded(startMs),
      endMs: rounded(endMs),
      firstByteMs: firstByteMs === null ? null : rounded(firstByteMs),
      status,
      ok,
      endedBy,
      call: idOf(call),
    })),
    faults: faults
      .filter((one) => window === null || one.fromMs < window.fromMs || one.toMs > window.toMs)
      .map((one) => ({ ...one, fromMs: rounded(one.fromMs), toMs: rounded(one.toMs) })),
    leftOut:
      window === null
        ? null
        : {
            fromMs: rounded(window.fromMs),
            toMs: rounded(window.toMs),
            calls: calls.length - keptCalls.length,
            attempts: attempts.length - keptAttempts.length,
          },
  };
}

/** What is too much: from where the first that are kept end to where the last that are kept begin; null: nothing. */
function middleOf(
  calls: readonly { startMs: Ms }[],
  attempts: readonly { startMs: Ms }[],
): { fromMs: Ms; toMs: Ms } | null {
  const bounds = [
    { times: calls, kept: KEPT_CALLS },
    { times: attempts, kept: KEPT_ATTEMPTS },
  ].filter(({ times, kept }) => times.length > 2 * kept);
  if (bounds.length === 0) return null;
  return {
    fromMs: Math.min(...bounds.map(({ times, kept }) => times[kept]?.startMs ?? 0)),
    toMs: Math.max(...bounds.map(({ times, kept }) => times[times.length - kept]?.startMs ?? 0)),
  };
}

/** To a hundredth of a millisecond: no rig measures finer. */
function rounded(ms: Ms): Ms {
  return Math.round(ms * 100) / 100;
}
