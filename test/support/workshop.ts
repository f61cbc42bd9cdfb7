/** A folder with a config and scenarios of its own, and the command line run in it as a person would. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';

/** The repository itself, with its config and scenarios. */
export const REPOSITORY = path.resolve(import.meta.dirname, '../..');
const BIN = path.join(REPOSITORY, 'bin/tripcurve.ts');
const TINY = path.resolve(import.meta.dirname, 'tiny-target.ts');

/** What a command left behind. */
export interface Finished {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface Started {
  process: ChildProcess;
  /** Settles at the first stdout line that matches. */
  printed(pattern: RegExp): Promise<string>;
  finished: Promise<Finished>;
}

/** Runs `tripcurve` in a folder. */
export function tripcurve(cwd: string, ...args: string[]): Started {
  const { NODE_OPTIONS: _ours, ...env } = process.env;
  const child = spawn(process.execPath, [BIN, ...args], { cwd, env: { ...env, NO_COLOR: '1' } });
  let stdout = '';
  let stderr = '';
  const waiting = new Set<() => void>();
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
    for (const look of waiting) look();
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const finished = new Promise<Finished>((resolve) => {
    child.once('close', (code) => resolve({ code, stdout, stderr }));
  });
  return {
    process: child,
    finished,
    printed: (pattern) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          const found = stdout.split('\n').find((line) => pattern.test(line));
          if (found === undefined) return;
          waiting.delete(look);
          resolve(found);
        };
        waiting.add(look);
        void finished.then(() => reject(new Error(`ended before it printed ${pattern}: ${stdout}${stderr}`)));
        look();
      }),
  };
}

/** A scenario that holds for the tiny target: errors while its dependency is bad, none before and after. */
export const tinyScenario = {
  name: 'tiny/errors',
  about: 'The dependency answers 500.',
  traffic: { ratePerSecond: 50, mix: { work: 1 }, arrivals: 'constant' },
  steadyState: [{ check: 'success-ratio', atLeast: 0.9 }],
  timeline: [
    { at: 500, inject: { type: 'http_status', attributes: { status: 500 } }, on: 'dep', forMs: 200 },
  ],
  recovery: { withinMs: 800 },
  expect: [{ check: 'success-ratio', atLeast: 0.9 }],
};

export class Workshop {
  readonly dir: string;

  private constructor(dir: string) {
    this.dir = dir;
  }

  /** A folder whose target is the tiny one; `env` changes the target's environment, `more` the config. */
  static async open(env: Record<string, string> = {}, more: object = {}): Promise<Workshop> {
    const workshop = new Workshop(await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-')));
    const config = {
      target: {
        name: 'tiny',
        start: { command: [process.execPath, TINY], env: { UPSTREAM: '{{link.dep.url}}', ...env } },
        readyPath: '/ready',
        mutantEnv: 'MUTANT',
        mutants: [
          {
            name: 'none-such',
            origin: 'a defect that the tiny target does not know',
            expected: [{ scenario: 'tiny/errors', check: 'success-ratio', says: 'requests succeeded' }],
          },
        ],
      },
      profiles: { fast: { env: {} } },
      links: {
        dep: {
          protocol: 'http',
          dependency: { process: { command: [process.execPath, TINY], env: { ROLE: 'dependency' } } },
        },
      },
      requests: { work: { method: 'GET', path: '/work', needs: ['dep'] } },
      served: { header: 'served-by' },
      ...more,
    };
    await workshop.write('tripcurve.config.ts', `export default ${JSON.stringify(config)};`);
    return workshop;
  }

  async write(file: string, text: string): Promise<void> {
    const target = path.join(this.dir, file);
    await mkdir(path.dirname(target), { recursive: true });
    await writeFile(target, text);
  }

  /** Adds a scenario made of the one that holds and some changes. */
  async scenario(change: object = {}, file = 'scenarios/tiny.scenario.ts'): Promise<void> {
    await this.write(file, `export default ${JSON.stringify({ ...tinyScenario, ...change })};`);
  }

  run(...args: string[]): Promise<Finished> {
    return tripcurve(this.dir, ...args).finished;
  }

  close(): Promise<void> {
    // A process that is being taken down may still write its compile cache here.
    return rm(this.dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
}
