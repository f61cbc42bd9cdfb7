/** The packages of this folder, which the project itself does not depend on: each candidate says what it uses of one. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { Unavailable } from './candidate.ts';

const require = createRequire(import.meta.url);

/** @throws Unavailable when it is not installed or its native part does not load. */
export function loadPackage<T>(name: string, from: string = name): T {
  try {
    return require(from) as T;
  } catch (error) {
    const [why = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    throw new Unavailable(`${name} cannot be loaded: ${why}; run npm ci in examples/vector-search`);
  }
}

export function versionOf(name: string): string {
  const file = path.join(import.meta.dirname, 'node_modules', name, 'package.json');
  return `${name} ${(JSON.parse(readFileSync(file, 'utf8')) as { version: string }).version}`;
}
