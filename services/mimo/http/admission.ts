/** How many requests may be under way at once, however they came. */
import { Unavailable } from './failure.ts';

/** Runs the work, or refuses it where too much is under way. @throws Unavailable */
export type Admit = <T>(run: () => Promise<T>) => Promise<T>;

export interface Admission {
  readonly admit: Admit;
  readonly inFlight: number;
  /** Resolves as soon as nothing is under way. */
  idle(): Promise<void>;
}

export function createAdmission(inFlightMax: number): Admission {
  let inFlight = 0;
  const waiting: (() => void)[] = [];
  return {
    get inFlight() {
      return inFlight;
    },
    idle: () => (inFlight === 0 ? Promise.resolve() : new Promise((resolve) => waiting.push(resolve))),
    async admit(run) {
      if (inFlight >= inFlightMax) throw new Unavailable(`All ${inFlightMax} requests in flight are taken.`);
      inFlight += 1;
      try {
        return await run();
      } finally {
        inFlight -= 1;
        if (inFlight === 0) for (const resolve of waiting.splice(0)) resolve();
      }
    },
  };
}
