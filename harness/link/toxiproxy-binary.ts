/** Finds a real Toxiproxy server on this machine. */
import { execFile } from 'node:child_process';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { EnvironmentError, messageOf } from '../model/errors.ts';

/** Variable that names the binary, for those that are not on PATH. */
export const TOXIPROXY_VARIABLE = 'TOXIPROXY_SERVER';

/** How one gets the newest; `@latest` is 2.5.0, for Go's list of versions ends there. */
export const TOXIPROXY_ADVICE = `go install github.com/Shopify/toxiproxy/v2/cmd/server@v2.12.0, or set ${TOXIPROXY_VARIABLE} to a binary`;

export interface ToxiproxyBinary {
  file: string;
  /** Such as `2.12.0`; builds by `go install` call themselves `git`. */
  version: string;
}

/**
 * The binary one is told of, else the first that is found: on PATH under its release name, or where
 * `go install` leaves it.
 * @throws EnvironmentError that says what to do
 */
export async function findToxiproxy(told = process.env[TOXIPROXY_VARIABLE]): Promise<ToxiproxyBinary> {
  if (told !== undefined) {
    const found = await ask(told).catch((error: unknown) => {
      throw new EnvironmentError(`${told}: cannot be run: ${messageOf(error)}`);
    });
    if (found === null) throw new EnvironmentError(`${told}: is not a Toxiproxy server`);
    return found;
  }
  const goBin = process.env.GOBIN ?? path.join(process.env.GOPATH ?? path.join(os.homedir(), 'go'), 'bin');
  const folders = (process.env.PATH ?? '').split(path.delimiter).filter((folder) => folder !== '');
  const candidates = [
    ...folders.flatMap((folder) => [path.join(folder, 'toxiproxy-server'), path.join(folder, 'toxiproxy')]),
    path.join(goBin, 'server'),
  ];
  for (const file of candidates) {
    const found = await ask(file).catch(() => null);
    if (found !== null) return found;
  }
  throw new EnvironmentError(`no Toxiproxy server found; ${TOXIPROXY_ADVICE}`);
}

async function ask(file: string): Promise<ToxiproxyBinary | null> {
  const { stdout } = await promisify(execFile)(file, ['-version'], { timeout: 5_000 });
  const version = /^toxiproxy-server version (\S+)/.exec(stdout)?.[1];
  return version === undefined ? null : { file, version };
}
