/**
 * The test command of `npm run stryker`: the unit tests of Mimo's resilience folder, then scenarios that put it under
 * an outage of each link. Exits 1 as soon as one says that something is wrong.
 */
import { spawnSync } from 'node:child_process';

const FAILED = 1;
/** The scenarios' own code for "could not be judged": no mutant is killed by a busy machine. */
const INCONCLUSIVE = 3;
/** Short, and together every line of the folder: trip, probes, recovery, hangs, retries, a full bulkhead, stragglers. */
const SCENARIOS = [
  'llm/errors',
  'llm/hangs',
  'database/reset',
  'database/serialization-failures',
  'llm/pool-exhausted',
];

function run(...args: string[]): number {
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  return status ?? FAILED;
}

const units = run(
  '--experimental-vm-modules',
  '--disable-warning=ExperimentalWarning',
  'node_modules/jest/bin/jest.js',
  '--selectProjects=unit',
  '--testPathPatterns=services/mimo/resilience',
  '--bail',
);
if (units !== 0) process.exit(FAILED);
if (process.argv.includes('--units')) process.exit(0);
const files = SCENARIOS.map((name) => `scenarios/${name}.scenario.ts`);
const scenarios = run('bin/tripcurve.ts', 'run', '--parallel', '2', ...files);
process.exit(scenarios === 0 || scenarios === INCONCLUSIVE ? 0 : FAILED);
