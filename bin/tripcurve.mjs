#!/usr/bin/env node
/**
 * What npx runs. The project's Node comes with `npm ci`; in the folder of another project an older one may be first on
 * PATH, which reads no TypeScript. Then this hands over to ours, its terminal, signals and exit code included.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';

const NODE_MAJOR_MIN = 24;
const entry = path.join(import.meta.dirname, 'tripcurve.ts');
const ours = path.join(import.meta.dirname, '../node_modules/node/bin/node');

if (Number(process.versions.node.split('.')[0]) >= NODE_MAJOR_MIN) {
  await import('./tripcurve.ts');
} else if (existsSync(ours)) {
  const child = spawn(ours, [entry, ...process.argv.slice(2)], { stdio: 'inherit' });
  // Ctrl-C reaches it by itself, being in the same group; so it must not end us first.
  process.on('SIGINT', () => {});
  for (const signal of ['SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  child.once('close', (code) => process.exit(code ?? 2));
} else {
  console.error(
    `tripcurve: Node ${process.versions.node} is too old and ${ours} is not there; run npm ci in ${path.dirname(import.meta.dirname)}`,
  );
  process.exit(2);
}
