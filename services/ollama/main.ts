/** Starts the Ollama stand-in. */
import { serve } from '../serve.ts';
import { buildOllama } from './server.ts';

await serve(buildOllama());
