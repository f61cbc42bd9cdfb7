/** A target that is brought up with a bench on one of its links. */
import type { Environment, Running } from '../environment/environment.ts';
import type { Config } from '../model/config.ts';
import type { HistoryEvent, Unnumbered } from '../model/history.ts';
import { type Clock, clockFrom, type Ms } from '../model/time.ts';
import { LiveBench } from './live-bench.ts';

export interface BenchUpOptions {
  config: Config;
  cwd: string;
  environment: Environment;
  link: string;
  /** The kind of request to ask; left out: all that need the link. */
  request?: string | undefined;
  profile: string;
  run: string;
  seed: number;
  logDir: string;
  giveUpMs: Ms;
  signal: AbortSignal;
  /** Origin of its clock, where others count from the same; left out: now. */
  originNs?: bigint;
  /** Called with every event of the environment, before the bench sees it. */
  onEvent?(event: Unnumbered<HistoryEvent>): void;
}

export interface BenchUp extends AsyncDisposable {
  running: Running;
  bench: LiveBench;
  now: Clock;
}

/** Disposing of it takes both down. @throws UsageError or EnvironmentError; nothing is left behind then */
export async function bringBenchUp(options: BenchUpOptions): Promise<BenchUp> {
  const { config, cwd, environment, link, request, profile, run, seed, logDir, giveUpMs, signal } = options;
  const { originNs = process.hrtime.bigint() } = options;
  const now = clockFrom(originNs);
  let bench: LiveBench | undefined;
  await using stack = new AsyncDisposableStack();
  const running = stack.use(
    await environment.up({
      config,
      cwd,
      profile,
      mutant: null,
      links: 'embedded',
      hidesNames: false,
      run,
      seed,
      logDir,
      originNs,
      now,
      emit: (event) => {
        options.onEvent?.(event);
        bench?.see(event);
      },
    }),
  );
  const kinds = request === undefined ? {} : { kinds: [request] };
  bench = stack.use(new LiveBench({ running, config, link, ...kinds, run, seed, now, giveUpMs, signal }));
  const up = stack.move();
  return { running, bench, now, [Symbol.asyncDispose]: () => up.disposeAsync() };
}
