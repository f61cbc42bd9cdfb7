/** Finds the k6 of this machine. It is the user's: nothing here installs, downloads or builds one. */
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { EnvironmentError, messageOf } from '../../model/errors.ts';

/** Variable that names the binary, for those that are not on PATH. */
export const K6_VARIABLE = 'K6_BINARY';

export const K6_ADVICE = `install k6 yourself (it is AGPL, so nothing here brings it) and put it on PATH, or set ${K6_VARIABLE} to the binary; docs/k6.md shows how`;

/** The first release with the module k6/execution, by whose iterationInTest the script takes its requests. */
const VERSION_MIN = [0, 34] as const;

const ANSWER_LIMIT_MS = 10_000;

export interface K6Binary {
  file: string;
  /** Such as `1.2.3`. */
  version: string;
}

/** The k6 one is told of, else the one on PATH. @throws EnvironmentError that says what to do */
export async function findK6(told = process.env[K6_VARIABLE]): Promise<K6Binary> {
  // Resolved here: it is run in another folder. A bare name is looked for on PATH.
  const file = told?.includes(path.sep) === true ? path.resolve(told) : (told ?? 'k6');
  const { stdout } = await promisify(execFile)(file, ['version'], { timeout: ANSWER_LIMIT_MS }).catch(
    (error: NodeJS.ErrnoException) => {
      if (error.code !== 'ENOENT') throw new EnvironmentError(`${file}: cannot be run: ${messageOf(error)}`);
      throw new EnvironmentError(
        told === undefined
          ? `no k6 on PATH: ${K6_ADVICE}`
          : `${K6_VARIABLE}=${told}: no such file; ${K6_ADVICE}`,
      );
    },
  );
  const [, version, major, minor] = /^k6\S* v?((\d+)\.(\d+)\S*)/m.exec(stdout) ?? [];
  if (version === undefined)
    throw new EnvironmentError(
      `${file}: is not k6: "k6 version" printed ${JSON.stringify(stdout.slice(0, 80))}`,
    );
  if (Number(major) === VERSION_MIN[0] && Number(minor) < VERSION_MIN[1])
    throw new EnvironmentError(
      `${file}: k6 ${version} is too old; ${VERSION_MIN.join('.')} or newer is needed`,
    );
  return { file, version };
}
