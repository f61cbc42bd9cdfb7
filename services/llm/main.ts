/** Starts the LLM stand-in. LLM_REQUIRE_KEY=1, LLM_FIRST_TOKEN_MS, LLM_TOKENS_PER_SECOND and LLM_SLOTS change its ways. */
import { serve } from '../serve.ts';
import { buildLlm } from './server.ts';

function number(name: string): number {
  const value = Number(process.env[name] ?? 0);
  if (Number.isFinite(value) && value >= 0) return value;
  console.error(`${name} must be a number of at least 0, got ${process.env[name]}`);
  process.exit(2);
}

await serve(
  buildLlm({
    requireKey: process.env.LLM_REQUIRE_KEY === '1',
    firstTokenMs: number('LLM_FIRST_TOKEN_MS'),
    tokensPerSecond: number('LLM_TOKENS_PER_SECOND'),
    slots: number('LLM_SLOTS'),
  }),
);
