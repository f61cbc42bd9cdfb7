/** Ollama's chat as its server sends it: NDJSON where a stream is asked for, one object where not. */
import type http from 'node:http';
import { text } from 'node:stream/consumers';

export const OLLAMA_WORDS = ['The', ' falcon', ' nests', ' on', ' high', ' ledges', '.'];

const COUNTS = {
  total_duration: 5_000_000,
  load_duration: 1_000_000,
  prompt_eval_count: 11,
  prompt_eval_duration: 2_000_000,
  eval_count: OLLAMA_WORDS.length,
  eval_duration: 2_000_000,
};

/** Serves `/api/chat`; each event is written by itself. */
export async function ollamaChat(
  request: http.IncomingMessage,
  response: http.ServerResponse,
): Promise<void> {
  const { model, stream = true } = JSON.parse(await text(request)) as { model: string; stream?: boolean };
  const about = { model, created_at: '2025-01-01T00:00:00.000000Z' };
  const said = (content: string) => ({ ...about, message: { role: 'assistant', content } });
  const last = { done_reason: 'stop', done: true, ...COUNTS };
  if (!stream) {
    response.setHeader('content-type', 'application/json; charset=utf-8');
    response.end(JSON.stringify({ ...said(OLLAMA_WORDS.join('')), ...last }));
    return;
  }
  response.setHeader('content-type', 'application/x-ndjson');
  for (const word of OLLAMA_WORDS) response.write(`${JSON.stringify({ ...said(word), done: false })}\n`);
  response.end(`${JSON.stringify({ ...said(''), ...last })}\n`);
}
