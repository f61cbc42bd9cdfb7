/**
 * Disturbances: what is done to a dependency itself, around target and links. A lock that another session holds, a
 * server that was made read-only, sessions that are ended. Each is a program of the config: it says that it is in
 * place, undoes it when its input closes, and ends with code 0. So it goes with whoever started it.
 */
import path from 'node:path';
import type { Config } from '../model/config.ts';
import { within } from '../model/deadline.ts';
import { EnvironmentError, UsageError } from '../model/errors.ts';
import { Child, type ChildOptions } from './child.ts';
import { fill, fillAll } from './template.ts';

/** How long one may take to be in place, and to be undone. */
const BEGIN_LIMIT_MS = 5_000;
const END_LIMIT_MS = 5_000;

export interface DisturbancesOptions extends Pick<ChildOptions, 'now' | 'emit' | 'cwd'> {
  config: Pick<Config, 'disturbances'>;
  logDir: string;
  /** Environment of each program, beside what the config gives it. */
  env: Readonly<Record<string, string>>;
  /** What the placeholders stand for at this moment: a server that was started anew has another address. */
  values(): Readonly<Record<string, string>>;
}

export class Disturbances {
  readonly #options: DisturbancesOptions;
  readonly #going = new Map<string, Child>();

  constructor(options: DisturbancesOptions) {
    this.#options = options;
  }

  /**
   * Settles when the disturbance is in place.
   * @param id unique among those that go on
   * @throws UsageError where the config has none of this name; EnvironmentError with its last words
   */
  async begin(id: string, name: string): Promise<void> {
    const { config, values, env, cwd, logDir, now, emit } = this.#options;
    const disturbance = config.disturbances[name];
    if (disturbance === undefined) throw new UsageError(`no disturbance "${name}" in the config`);
    const where = `disturbances.${name}`;
    const child = new Child({
      name: `disturbance ${name}`,
      command: disturbance.command.map((word) => fill(word, values(), where)),
      env: { ...fillAll(disturbance.env, values(), `${where}.env`), ...env },
      cwd,
      logFile: path.join(logDir, `disturbance-${name}.log`),
      now,
      emit,
    });
    this.#going.set(id, child);
    await child.announces('saying {"disturbing":true}', BEGIN_LIMIT_MS, (line) =>
      line.includes('"disturbing"') ? true : undefined,
    );
  }

  /** Settles when it is undone; one that does not go on is left alone. @throws EnvironmentError where it could not be */
  async end(id: string): Promise<void> {
    const child = this.#going.get(id);
    if (child === undefined) return;
    this.#going.delete(id);
    child.endInput();
    try {
      const code = await within(END_LIMIT_MS, `${child.name} to be undone`, child.exited);
      if (code !== 0)
        throw new EnvironmentError(`${child.name} was not undone (code ${code}): ${child.lastWords()}`);
    } finally {
      await child.stop('SIGKILL');
    }
  }

  /** Undoes all that go on, as well as can be. */
  async endAll(): Promise<void> {
    await Promise.allSettled([...this.#going.keys()].map((id) => this.end(id)));
  }
}
