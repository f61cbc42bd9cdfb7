/** Starts the Ollama stand-in. OLLAMA_LOAD_MS: time in which it loads a model, at the first call for it. */
import { serve } from '../serve.ts';
import { buildOllama } from './server.ts';

const loadMs = Number(process.env.OLLAMA_LOAD_MS ?? 0);
if (!(Number.isFinite(loadMs) && loadMs >= 0)) {
  console.error(`OLLAMA_LOAD_MS must be a number of at least 0, got ${process.env.OLLAMA_LOAD_MS}`);
  process.exit(2);
}
await serve(buildOllama({ loadMs }));
