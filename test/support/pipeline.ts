/**
 * Runs the scripts of a CI job where they would run: bash, in a project of its own. `npm ci` has nothing to
 * install there, and `npx tripcurve` is the command line of this repository.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod } from 'node:fs/promises';
import path from 'node:path';
import type { Finished, Workshop } from './workshop.ts';
import { REPOSITORY } from './workshop.ts';

const NPM = '#!/bin/sh\n[ "$1" = ci ]\n';
const NPX = `#!/bin/sh\n[ "$1" = tripcurve ] && shift && exec "${process.execPath}" "${REPOSITORY}/bin/tripcurve.ts" "$@"\n`;
const TOOLS = '.tools';

export async function installTools(shop: Workshop): Promise<void> {
  for (const [name, text] of Object.entries({ npm: NPM, npx: NPX })) {
    await shop.write(path.join(TOOLS, name), text);
    await chmod(path.join(shop.dir, TOOLS, name), 0o755);
  }
}

/** As GitHub and GitLab do: one bash for all lines, that ends at the first that fails. */
export async function runScript(
  shop: Workshop,
  script: string,
  env: Record<string, string>,
): Promise<Finished> {
  const { NODE_OPTIONS: _ours, ...inherited } = process.env;
  const child = spawn('bash', ['--noprofile', '--norc', '-eo', 'pipefail', '-c', script], {
    cwd: shop.dir,
    env: {
      ...inherited,
      PATH: `${path.join(shop.dir, TOOLS)}${path.delimiter}${inherited.PATH}`,
      NO_COLOR: '1',
      ...env,
    },
  });
  let stdout = '';
  let stderr = '';
  child.stdout.on('data', (chunk) => {
    stdout += chunk;
  });
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  const [code] = (await once(child, 'close')) as [number | null];
  return { code, stdout, stderr };
}
