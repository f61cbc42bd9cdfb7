/**
 * What a scenario file and a config file import. Both are plain data; these functions only give the
 * editor types to check, and let a test runner take notice of a scenario.
 */
import type { ConfigInput } from '../model/config.ts';
import type { ScenarioInput } from '../model/scenario.ts';

type Binding = (scenario: ScenarioInput) => void;

const BINDING = Symbol.for('tripcurve.scenario-binding');

/** Called by a test runner's set-up: from then on each scenario that is defined is handed to `binding`. */
export function bindScenarios(binding: Binding): void {
  (globalThis as { [BINDING]?: Binding })[BINDING] = binding;
}

/** The default export of a `*.scenario.ts` file. */
export function defineScenario(scenario: ScenarioInput): ScenarioInput {
  (globalThis as { [BINDING]?: Binding })[BINDING]?.(scenario);
  return scenario;
}

/** The default export of `tripcurve.config.ts`. */
export function defineConfig(config: ConfigInput): ConfigInput {
  return config;
}
