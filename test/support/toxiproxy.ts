/**
 * Real Toxiproxy servers and their command line, built by Go into .tripcurve/go-bin and kept there; and
 * ours beside them. Where Go is missing, tests that need the real one are skipped and say so.
 */
import { execFile, spawn } from 'node:child_process';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { promisify } from 'node:util';
import { test } from '@jest/globals';
import { freePort } from '../../harness/environment/free-port.ts';
import { startProxyServer } from '../../harness/link/proxy-server.ts';
import { findToxiproxy } from '../../harness/link/toxiproxy-binary.ts';
import { within } from '../../harness/model/deadline.ts';
import { messageOf } from '../../harness/model/errors.ts';
import { eventually } from './processes.ts';
import type { Cleanup } from './sockets.ts';

/** The one whose API ours is, and the last before PATCH. */
export const NEW = '2.12.0';
export const OLD = '2.5.0';
export type Version = typeof NEW | typeof OLD;

export interface RealToxiproxy {
  version: Version;
  server: string;
  /** Null where only a server was found. */
  cli: string | null;
}

const CACHE_DIR = path.resolve('.tripcurve', 'go-bin');
const MODULE = 'github.com/Shopify/toxiproxy/v2';

/** A cold build takes some 40 s on two cores. */
const BUILD_LIMIT_MS = 300_000;

/** The real one, or a sentence that says why there is none. */
export async function realToxiproxy(version: Version): Promise<RealToxiproxy | string> {
  const dir = path.join(CACHE_DIR, version);
  const built = { version, server: path.join(dir, 'server'), cli: path.join(dir, 'cli') };
  if (await exists(built.cli)) return built;
  try {
    await build(version, dir);
    return built;
  } catch (error) {
    const found = await findToxiproxy().catch(() => null);
    if (found?.version === version) return { version, server: found.file, cli: null };
    return `Toxiproxy ${version} cannot be built: ${messageOf(error).slice(0, 120)}`;
  }
}

/** Builds beside the place and moves it there in one step, so that workers who build at once do no harm. */
async function build(version: Version, dir: string): Promise<void> {
  await promisify(execFile)('go', ['version']);
  await mkdir(CACHE_DIR, { recursive: true });
  const building = await mkdtemp(path.join(CACHE_DIR, 'building-'));
  try {
    // A plain `go install` calls itself `git`; release builds are linked with their version like this.
    await promisify(execFile)(
      'go',
      [
        'install',
        `-ldflags=-X ${MODULE}.Version=${version}`,
        `${MODULE}/cmd/server@v${version}`,
        `${MODULE}/cmd/cli@v${version}`,
      ],
      { env: { ...process.env, GOBIN: building }, timeout: BUILD_LIMIT_MS },
    );
    await rename(building, dir).catch(async (error: unknown) => {
      if (!(await exists(path.join(dir, 'cli')))) throw error; // another worker was first
    });
  } finally {
    await rm(building, { recursive: true, force: true });
  }
}

const exists = (file: string): Promise<boolean> =>
  stat(file).then(
    () => true,
    () => false,
  );

/** `test`, or a skipped one whose title says what is missing. */
export function testWith(needed: { [what: string]: unknown }): typeof test {
  const reasons = Object.values(needed).filter((value) => typeof value === 'string');
  if (reasons.length === 0) return test;
  const skipped = (title: string, ...rest: unknown[]): void => {
    void rest;
    test.skip(`${title} (skipped: ${reasons.join('; ')})`, () => {});
  };
  return skipped as unknown as typeof test;
}

/** How often a port that was free a moment ago is tried anew. */
const START_TRIES_MAX = 5;
const START_LIMIT_MS = 10_000;

/** Starts a real server. It cannot tell which port it got, so it is given one that was free. */
export async function startReal(cleanup: Cleanup, { server }: RealToxiproxy): Promise<string> {
  for (let tries = 1; ; tries++) {
    const port = await freePort();
    const child = spawn(server, ['-host', '127.0.0.1', '-port', String(port)], { stdio: 'ignore' });
    const gone = new Promise<void>((resolve) => child.once('close', () => resolve()));
    const kill = (): void => void child.kill('SIGKILL');
    process.once('exit', kill);
    cleanup.add(async () => {
      process.removeListener('exit', kill);
      kill();
      await within(START_LIMIT_MS, 'Toxiproxy to end', gone);
    });
    const url = `http://127.0.0.1:${port}`;
    const answers = eventually('Toxiproxy to answer', START_LIMIT_MS, async () => {
      if (child.exitCode !== null) throw new Error('Toxiproxy has ended; was its port taken?');
      return fetch(`${url}/version`).then(
        ({ ok }) => ok,
        () => false,
      );
    });
    try {
      await answers;
      return url;
    } catch (error) {
      if (tries === START_TRIES_MAX) throw error;
    }
  }
}

/** Starts ours; `warnings` collects what it tells the person who runs it. */
export async function startOurs(cleanup: Cleanup, warnings: string[] = []): Promise<string> {
  const server = await startProxyServer({
    host: '127.0.0.1',
    port: 0,
    seed: 1,
    warn: (text) => void warnings.push(text),
  });
  cleanup.add(() => server[Symbol.asyncDispose]());
  return server.url;
}
