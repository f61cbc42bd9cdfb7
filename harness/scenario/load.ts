/** Finds and reads scenario files and the config, and checks everything that can be checked before a run. */
import { access, glob, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parse } from 'yaml';
import { resolveExpectation } from '../check/judge.ts';
import { faultTypes, resolveFault } from '../link/faults.ts';
import { Config, nextLink, withProfile } from '../model/config.ts';
import { messageOf, UsageError } from '../model/errors.ts';
import { Scenario } from '../model/scenario.ts';
import { nearest, validate } from '../model/validate.ts';

/** Names of the config file, one of which is looked for in the folder the rig is called in. */
const CONFIG_FILES = ['tripcurve.config.ts', 'tripcurve.config.yaml', 'tripcurve.config.json'] as const;
/** How the names of scenario files end. */
export const SCENARIO_SUFFIXES = ['.scenario.ts', '.scenario.yaml', '.scenario.json'] as const;

/** A scenario and the file it stands in, relative to the config's folder. */
export interface LoadedScenario {
  file: string;
  scenario: Scenario;
}

/** Reads the config of a folder. @throws UsageError where it is missing or wrong. */
export async function loadConfig(cwd: string): Promise<Config> {
  const name = await configFileIn(cwd);
  if (name === null)
    throw new UsageError(
      `no ${CONFIG_FILES[0]} (or .yaml, .json) in ${cwd}; run tripcurve in the folder that has one, or make one with tripcurve init`,
    );
  const config = validate(Config, await valueIn(path.join(cwd, name), name), name);
  checkWays(config.links, `${name}: links`);
  for (const [key, profile] of Object.entries(config.profiles))
    checkWays(withProfile(config, key).links, `${name}: profiles.${key}.links`, profile.links);
  checkNames(config, name);
  return config;
}

/** The config file of a folder; null: it has none. @throws UsageError where it has more than one */
export async function configFileIn(cwd: string): Promise<string | null> {
  const found: string[] = [];
  for (const name of CONFIG_FILES)
    await access(path.join(cwd, name)).then(
      () => found.push(name),
      () => {},
    );
  if (found.length > 1) throw new UsageError(`${found.join(' and ')} are both here; keep one`);
  return found[0] ?? null;
}

/** Checks that what is told of links is told of links that there are. @throws UsageError that names the field */
function checkNames(config: Config, where: string): void {
  const whole = [config, ...Object.keys(config.profiles).map((profile) => withProfile(config, profile))];
  const links = [...new Set(whole.flatMap((part) => Object.keys(part.links)))];
  for (const part of ['declared', 'breakers'] as const)
    for (const name of Object.keys(config.target[part]))
      known(name, links, `${where}: target.${part}`, 'link');
  for (const { requests } of whole)
    for (const [name, { needs }] of Object.entries(requests))
      for (const link of needs) known(link, links, `${where}: requests.${name}.needs`, 'link');
}

/** Checks that what leads on to another link leads to one that ends there. @throws UsageError that names the field. */
function checkWays(links: Config['links'], where: string, these = links): void {
  for (const [name, link] of Object.entries(these)) {
    const next = nextLink(link);
    if (next === null) continue;
    const at = `${where}.${name}.dependency.pgbouncer.link`;
    const behind = links[known(next, Object.keys(links), at, 'link')];
    if (behind?.protocol !== 'postgres' || nextLink(behind) !== null)
      throw new UsageError(`${at}: ${next} must be a link of protocol postgres that leads on to no other`);
  }
}

/**
 * Reads the scenarios under the given files and folders (all of `scenarios/` where none is given), in
 * order of their paths.
 * @throws UsageError where a path has none, or a scenario is malformed.
 */
export async function loadScenarios(
  cwd: string,
  paths: readonly string[],
  config: Config,
): Promise<LoadedScenario[]> {
  const files = new Set<string>();
  for (const given of paths.length === 0 ? ['scenarios'] : paths) {
    const found = await scenarioFiles(cwd, given);
    if (found.length === 0) throw new UsageError(await unknownPath(cwd, given));
    for (const file of found) files.add(file);
  }
  const loaded: LoadedScenario[] = [];
  for (const file of [...files].sort()) {
    const scenario = checkScenario(await valueIn(path.join(cwd, file), file), config, file);
    const twin = loaded.find((other) => other.scenario.name === scenario.name);
    if (twin !== undefined) throw new UsageError(`${file}: name "${scenario.name}" is taken by ${twin.file}`);
    loaded.push({ file, scenario });
  }
  return loaded;
}

/**
 * Checks a scenario against the schema, the config's links and requests, and the registries of faults
 * and checks.
 * @throws UsageError that names the field and what was expected.
 */
export function checkScenario(value: unknown, given: Config, where: string): Scenario {
  const scenario = validate(Scenario, value, where);
  known(scenario.profile, Object.keys(given.profiles), `${where}: profile`, 'profile');
  const config = withProfile(given, scenario.profile);
  const operations = Object.keys(config.operations);
  for (const [i, name] of (scenario.before ?? []).entries()) {
    known(name, operations, `${where}: before[${i}]`, 'operation');
    if ('target' in (config.operations[name] ?? {}))
      throw new UsageError(`${where}: before[${i}]: ${name} needs the target, which is not up yet then`);
  }
  for (const [i, step] of scenario.timeline.entries()) {
    const at = `${where}: timeline[${i}]`;
    if ('inject' in step) {
      const link = config.links[known(step.on, Object.keys(config.links), `${at}.on`, 'link')];
      resolveFault(step.inject, `f${i}`, link?.protocol ?? 'tcp', `${at}.inject`);
    } else if ('process' in step) {
      known(step.on, Object.keys(config.links), `${at}.on`, 'link');
      if (step.process === 'restart' && step.forMs !== undefined)
        throw new UsageError(`${at}: a restart is over when the process is up again; it takes no forMs`);
    } else if ('disturb' in step) {
      known(step.on, Object.keys(config.links), `${at}.on`, 'link');
      known(step.disturb, Object.keys(config.disturbances), `${at}.disturb`, 'disturbance');
    } else if ('operate' in step) {
      known(step.operate, operations, `${at}.operate`, 'operation');
    } else if (step.heal !== 'all') known(step.heal, Object.keys(config.links), `${at}.heal`, 'link');
  }
  if (scenario.timeline.every((step) => 'heal' in step)) {
    throw new UsageError(
      `${where}: timeline injects nothing; give it an operation or a fault, one of ${faultTypes().join(', ')}`,
    );
  }
  for (const part of ['steadyState', 'expect'] as const) {
    for (const [i, expectation] of scenario[part].entries()) {
      const at = `${where}: ${part}[${i}]`;
      const { checker, params } = resolveExpectation(expectation, at);
      for (const name of checker.readings?.(params) ?? [])
        knownReading(name, Object.keys(config.target.readings), at);
      if (expectation.link !== undefined)
        known(expectation.link, Object.keys(config.links), `${at}.link`, 'link');
    }
  }
  for (const name of Object.keys(scenario.traffic.mix)) {
    known(name, Object.keys(config.requests), `${where}: traffic.mix`, 'request');
  }
  return scenario;
}

/** @throws UsageError where a check rests on a number that the config does not say how to read. */
function knownReading(name: string, names: readonly string[], where: string): void {
  if (names.length === 0)
    throw new UsageError(`${where}: no reading "${name}"; the config names none (target.readings)`);
  known(name, names, where, 'reading');
}

/** Audits that a scenario's expectations rest on. */
export function auditsOf(scenario: Scenario): string[] {
  const names = scenario.expect.flatMap((expectation) => {
    const { checker, params } = resolveExpectation(expectation, scenario.name);
    return checker.audits?.(params) ?? [];
  });
  return [...new Set(names)];
}

/** @throws UsageError with the nearest known name. */
export function known(name: string, names: readonly string[], where: string, thing: string): string {
  if (names.includes(name)) return name;
  const near = nearest(name, names);
  const hint = names.length === 0 ? 'the config has none' : `one of ${names.join(', ')}`;
  throw new UsageError(
    `${where}: no ${thing} "${name}"; ${near === undefined ? hint : `did you mean "${near}"?`}`,
  );
}

async function scenarioFiles(cwd: string, given: string): Promise<string[]> {
  const target = path.resolve(cwd, given);
  const found = await stat(target).catch(() => null);
  const isOne = SCENARIO_SUFFIXES.some((suffix) => target.endsWith(suffix));
  if (found?.isFile() === true) return isOne ? [path.relative(cwd, target)] : [];
  if (found?.isDirectory() !== true) return [];
  const files = await Array.fromAsync(
    glob(
      SCENARIO_SUFFIXES.map((suffix) => `**/*${suffix}`),
      { cwd: target },
    ),
  );
  return files.map((file) => path.relative(cwd, path.join(target, file)));
}

async function unknownPath(cwd: string, given: string): Promise<string> {
  const all = await scenarioFiles(cwd, 'scenarios');
  const near = nearest(given, [...all, ...new Set(all.map((file) => path.dirname(file)))]);
  const hint = near === undefined ? 'npx tripcurve list shows what there is' : `did you mean ${near}?`;
  return `${given}: no scenario there (a file that ends in ${SCENARIO_SUFFIXES.join(', ')}, or a folder with some); ${hint}`;
}

/** What a file holds: the default export of a TypeScript file, or the document of a YAML or JSON file. */
async function valueIn(file: string, where: string): Promise<unknown> {
  if (file.endsWith('.ts')) return importDefault(file, where);
  const text = await readFile(file, 'utf8');
  try {
    return parse(text); // JSON is YAML too
  } catch (error) {
    throw new UsageError(`${where}: is no YAML: ${messageOf(error).split('\n')[0]}`);
  }
}

async function importDefault(file: string, where: string): Promise<unknown> {
  try {
    const module = (await import(pathToFileURL(file).href)) as { default?: unknown };
    if (module.default === undefined) throw new Error('it has no default export');
    return module.default;
  } catch (error) {
    throw new UsageError(`${where}: cannot be loaded: ${messageOf(error)}`);
  }
}
