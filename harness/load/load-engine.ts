/** What drives the load of a scenario. To add one: a file or folder beside this one, and a line in engines.ts. */
import type { Config } from '../model/config.ts';
import type { NoteEvent, RequestEvent, Unnumbered } from '../model/history.ts';
import type { Scenario, Traffic } from '../model/scenario.ts';
import type { Clock, Nanoseconds } from '../model/time.ts';
import type { PlannedRequest } from './plan.ts';

export interface LoadOptions {
  entryUrl: string;
  plan: readonly PlannedRequest[];
  /** Moment of the run at which `atMs` 0 lies. */
  startT: Nanoseconds;
  traffic: Traffic;
  served: Config['served'];
  links: readonly string[];
  now: Clock;
  emit(event: Unnumbered<RequestEvent>): void;
  /** Stops sending; what is open is awaited. */
  signal: AbortSignal;
}

/** What an engine is given: the plan, where to send it, and whom to tell. */
export interface StartOptions extends Omit<LoadOptions, 'startT' | 'emit'> {
  scenario: Scenario;
  /** Folder for what the engine leaves behind as evidence. */
  dir: string;
  emit(event: Unnumbered<RequestEvent> | Unnumbered<NoteEvent>): void;
}

/** A load under way. */
export interface StartedLoad {
  /** Moment of the run at which `atMs` 0 of the plan lies: now, or a little later. */
  startT: Nanoseconds;
  /** Settles when every request has been told of; fails when the engine did. An abort is no failure. */
  driven: Promise<void>;
}

export interface LoadEngine {
  /** What was found, in a few words. @throws EnvironmentError that says what to do where it cannot be used here. */
  check(): Promise<string>;
  /** Begins to send. @throws EnvironmentError where it does not come that far. */
  start(options: StartOptions): Promise<StartedLoad>;
}
