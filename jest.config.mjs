/**
 * Two projects in one run: the rig's own tests, and the scenarios (each file becomes one test): those tagged
 * `quick`, or with the tag in TRIPCURVE_TAG. All others are for `npx tripcurve run`.
 */
import { filesTagged } from './harness/scenario/tagged-files.ts';

const rootDir = import.meta.dirname;
const scenarioFiles = await filesTagged(rootDir, process.env.TRIPCURVE_TAG ?? 'quick');

const common = {
  rootDir,
  testEnvironment: 'node',
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '^.+\\.ts$': [
      '@swc/jest',
      { jsc: { parser: { syntax: 'typescript' }, target: 'es2024' }, module: { type: 'es6' } },
    ],
  },
};

export default {
  // Machines that run tests are busy: a limit is for what never ends.
  testTimeout: 30_000,
  projects: [
    { ...common, displayName: 'unit', testMatch: ['<rootDir>/test/**/*.test.ts'] },
    {
      ...common,
      displayName: 'scenarios',
      testMatch: scenarioFiles.map((file) => `<rootDir>/${file}`),
      setupFilesAfterEnv: ['<rootDir>/harness/scenario/jest.ts'],
    },
  ],
  globalSetup: '<rootDir>/harness/scenario/jest-global-setup.ts',
  // Units first: scenarios judge times, and are best left alone.
  testSequencer: '<rootDir>/test/support/sequencer.mjs',
  reporters: ['default', '<rootDir>/harness/report/jest-reporter.ts'],
  coverageProvider: 'v8',
  collectCoverageFrom: ['harness/**/*.ts', 'services/**/*.ts'],
  coverageReporters: ['text-summary', 'json-summary', 'lcovonly'],
  coverageThreshold: {
    global: { lines: 55 },
    './harness/check/': { lines: 80 },
    './harness/link/': { lines: 80 },
    './services/mimo/resilience/': { lines: 80 },
  },
  // Many of the rig's own tests start whole rigs; more at once than there are cores starve each other. Scenarios
  // alone mostly wait for real time to pass, so npm run scenarios has three share two cores.
  maxWorkers: 2,
};
