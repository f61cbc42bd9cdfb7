/** A virtual user of the double: a thread with the script in it, whose imports of k6's modules get the doubles. */
import { readFileSync } from 'node:fs';
import { registerHooks } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { iteration, tell, type VuData } from './bridge.ts';

const { script } = workerData as VuData;

registerHooks({
  resolve(specifier, context, next) {
    const [, name] = /^(k6(?:\/.+)?)$/.exec(specifier) ?? [];
    if (name !== undefined) {
      const file = `${name === 'k6' ? 'k6' : name.slice('k6/'.length)}.ts`;
      return next(pathToFileURL(path.join(import.meta.dirname, 'modules', file)).href, context);
    }
    const found = next(specifier, context);
    return found.url === pathToFileURL(script).href ? { ...found, format: 'module' } : found;
  },
});

/** k6 has `open` in its init context; a path is relative to the script. */
Object.assign(globalThis, {
  open: (file: string) => readFileSync(path.resolve(path.dirname(script), file), 'utf8'),
});
console.log = (...words: unknown[]) =>
  tell({ ask: 'log', line: `level=info msg=${JSON.stringify(words.join(' '))} source=console` });

interface Script {
  options: unknown;
  setup(): unknown;
  default(data: unknown): void;
}

const { options, setup, default: iterate } = (await import(pathToFileURL(script).href)) as Script;
parentPort?.postMessage({ vu: 'ready', options });

parentPort?.on('message', (order: { run: 'setup' } | { run: 'iteration'; inTest: number; data: unknown }) => {
  if (order.run === 'setup') {
    parentPort?.postMessage({ vu: 'set-up', data: setup() });
    return;
  }
  iteration.inTest = order.inTest;
  iterate(order.data);
  parentPort?.postMessage({ vu: 'done' });
});
