/** What every environment gives the runner: a running target whose links can be faulted and watched. */
import type { Config } from '../model/config.ts';
import type { Fault } from '../model/fault.ts';
import type { AuditEvent, HistoryEvent, Unnumbered } from '../model/history.ts';
import type { LinkEngine, ProcessAction, Step } from '../model/scenario.ts';
import type { Clock } from '../model/time.ts';

/** What to bring up. */
export interface Blueprint {
  config: Config;
  /** Folder the config's commands are relative to. */
  cwd: string;
  profile: string;
  mutant: string | null;
  links: LinkEngine;
  /** True: the target must find its links by names that can be taken away. */
  hidesNames: boolean;
  /** Processes of the target; left out: one. */
  instances?: number;
  /** True: operations end and start its processes, so what calls it needs an address that stays. */
  movesTarget?: boolean;
  /** Operations to carry out before the target starts; left out: none. */
  before?: readonly string[];
  run: string;
  seed: number;
  /** Output of every process is kept here. */
  logDir: string;
  /** Origin of the run's clock. */
  originNs: bigint;
  now: Clock;
  emit(event: Unnumbered<HistoryEvent>): void;
}

/** An environment that is up. Disposing of it takes it down; that heals everything. */
export interface Running extends AsyncDisposable {
  readonly entryUrl: string;
  /** Arms a fault. @throws EnvironmentError where the link refuses or does not answer in time. */
  inject(link: string, name: string, fault: Fault): Promise<void>;
  lift(link: string, name: string): Promise<void>;
  heal(link: string | 'all'): Promise<void>;
  /** Does something to the process behind a link. @throws EnvironmentError where it is not ours. */
  process(link: string, name: string, action: ProcessAction): Promise<void>;
  /**
   * Begins or ends a disturbance of the config under the name of a fault on a link. Settles when it is in place, or
   * undone. @throws EnvironmentError where that could not be
   */
  disturb(link: string, fault: string, name: string, what: 'begin' | 'end'): Promise<void>;
  /**
   * Carries out an operation of the config; returns the last lines it printed.
   * @throws EnvironmentError where it fails or takes longer, or operations cannot be carried out here
   */
  operate?(name: string, limitMs: number): Promise<string>;
  /** Where a link listens, for the rig to call it itself; left out: it cannot be reached from here. */
  linkUrl?(link: string): Promise<string>;
  /** What is still injected; one sentence each. */
  residue(): Promise<string[]>;
  audit(name: string): Promise<Pick<AuditEvent, 'result' | 'error'>>;
  /** Settles when the environment is lost without having been asked to go. */
  readonly lost: Promise<string>;
}

export interface Environment {
  readonly name: string;
  /** Who injects toxics here unless it is said otherwise. */
  readonly linksDefault: LinkEngine;
  /** The same where it depends on the config; left out: {@link linksDefault}. */
  linksFor?(config: Config): LinkEngine;
  /** How many scenarios it can run at once; left out: as many as are asked for. */
  readonly parallelMax?: number;
  /** The same where it depends on the config; null: as many as are asked for. Left out: {@link parallelMax}. */
  parallelFor?(config: Config): number | null;
  /** True: what it runs against is there already, and there is one of it. */
  readonly isThere?: true;
  /** Looks whether it can work here at all, once, before anything is begun. @throws what {@link up} would */
  check?(config: Config): Promise<void>;
  /** Why a step of a time line cannot be carried out here with the given link engine; null: it can. */
  cannot(step: Step, links: LinkEngine, config: Config): string | null;
  /**
   * What a config asks for and cannot be had here, such as a program that is not installed; null: all is there.
   * A scenario that needs it is skipped: that says something of this machine, and nothing of the target.
   * Left out: what it lacks shows when it is brought up.
   */
  lacks?(config: Config): Promise<string | null>;
  /** Why what passes the links is not seen here; null or left out: it is. */
  unwatched?(config: Config): string | null;
  /**
   * What a person has to agree to before anything is touched, in a few words each; left out: nothing.
   * @throws UsageError where the config does not allow it at all
   */
  asks?(config: Config): string[];
  /** @throws EnvironmentError or UsageError; nothing is left behind then. */
  up(blueprint: Blueprint): Promise<Running>;
  /**
   * The same for a run of many, which readies parts of the next one while another is up, and ends what was not used
   * when it is disposed of. Left out: nothing can be ready ahead.
   */
  ahead?(run: string): Environment & AsyncDisposable;
}

/** Who injects toxics: whoever was asked for, or else the environment's own way with this config. */
export function linksIn(environment: Environment, config: Config, asked?: LinkEngine): LinkEngine {
  return asked ?? environment.linksFor?.(config) ?? environment.linksDefault;
}

/** How many of those asked for the environment can run at once with this config. */
export function parallelIn(environment: Environment, config: Config, asked: number): number {
  return Math.min(asked, environment.parallelFor?.(config) ?? environment.parallelMax ?? asked);
}

/** What an environment says of an operation where it did not start the target itself. */
export const NO_OPERATIONS =
  'operations are carried out only in the embedded environment, where the processes of the target are ours';
