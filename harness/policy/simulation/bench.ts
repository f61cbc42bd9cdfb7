/** A bench on which a simulated service stands: experiments run on it as on a real one, in no time. */
import { seededRandom, seedFor } from '../../model/random.ts';
import type { Ms } from '../../model/time.ts';
import type { Asked, Attempt, Bench, Condition, Reply } from '../bench.ts';
import type { VirtualClock } from './clock.ts';
import { type ServicePolicy, SimulatedService } from './service.ts';

/** The rig gives up on an answer after this time. */
export interface SimulatedBenchOptions {
  policy: ServicePolicy;
  clock: VirtualClock;
  seed: number;
  giveUpMs: Ms;
  /** Everything that takes time takes up to so many ms more, as on a real machine. */
  noiseMs: Ms;
}

export class SimulatedBench implements Bench {
  readonly link = 'simulated';
  readonly kinds = ['request'];
  askedCount = 0;
  readonly service: SimulatedService;
  readonly #clock: VirtualClock;
  readonly #giveUpMs: Ms;
  readonly #noise: () => Ms;
  #condition: Condition | null = null;
  #leftTimes = Number.POSITIVE_INFINITY;
  #waiting: (() => void)[] = [];

  constructor({ policy, clock, seed, giveUpMs, noiseMs }: SimulatedBenchOptions) {
    this.#clock = clock;
    this.#giveUpMs = giveUpMs;
    const random = seededRandom(seedFor(seed, 'noise'));
    this.#noise = () => noiseMs * random();
    this.service = new SimulatedService(
      policy,
      clock,
      {
        fate: () => (this.#leftTimes-- > 0 ? this.#condition : null),
        healed: () => new Promise((resolve) => this.#waiting.push(resolve)),
        serviceMs: () => 2 + this.#noise(),
      },
      seededRandom(seedFor(seed, 'service')),
    );
  }

  now(): Ms {
    return this.#clock.now();
  }

  wait(ms: Ms): Promise<void> {
    return this.#clock.sleep(ms + this.#noise());
  }

  async arm(condition: Condition, times = Number.POSITIVE_INFINITY): Promise<string | null> {
    await this.#clock.sleep(1 + this.#noise());
    this.#condition = condition;
    this.#leftTimes = times;
    return null;
  }

  async heal(): Promise<void> {
    await this.#clock.sleep(1 + this.#noise());
    this.#condition = null;
    for (const resume of this.#waiting.splice(0)) resume();
  }

  ask(_kind: string, key?: string): Asked {
    const startMs = this.#clock.now();
    this.askedCount++;
    const served = this.service.serve(key ?? `key ${this.askedCount}`);
    let hangUp = (): void => {};
    const gone = new Promise<null>((resolve) => {
      hangUp = () => resolve(null);
      this.#clock.at(startMs + this.#giveUpMs, hangUp);
    });
    const reply = Promise.race([served, gone]).then(async (answer): Promise<Reply> => {
      await this.#clock.sleep(this.#noise());
      const endMs = this.#clock.now();
      if (answer === null) return { startMs, endMs, ok: false, status: null, servedBy: null };
      return { startMs, endMs, ok: answer.ok, status: answer.status, servedBy: answer.servedBy };
    });
    return { reply, abandon: hangUp };
  }

  async attempts(): Promise<readonly Attempt[]> {
    await this.#clock.sleep(1);
    return this.service.attempts.toSorted((a, b) => a.startMs - b.startMs);
  }
}
