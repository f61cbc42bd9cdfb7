/** One question, asked through the official clients behind a link, and what they make of the answer. */
import { Ollama } from 'ollama';
import OpenAI from 'openai';
import { answerFor, pieces } from '../../services/llm/answer.ts';
import type { FaultyLink } from './faulty.ts';

export const CHAT = '/v1/chat/completions';
const messages = [{ role: 'user' as const, content: 'Where do falcons nest?' }];
export const question = { model: 'stand-in-1', messages };
export const ollamaQuestion = { model: 'm', messages };

/** What the LLM stand-in answers, and the tokens in which it streams that. */
export const answerText = answerFor(messages);
export const answerTokens = pieces(answerText);

export const openai = ({ url }: FaultyLink): OpenAI =>
  new OpenAI({ baseURL: `${url}/v1`, apiKey: 'none', maxRetries: 0, logLevel: 'off' });
export const ollama = ({ url }: FaultyLink): Ollama => new Ollama({ host: url });

/** What a stream said before it ended, and how it ended. */
export async function readAll<T>(stream: AsyncIterable<T>): Promise<{ chunks: T[]; error: unknown }> {
  const chunks: T[] = [];
  try {
    for await (const chunk of stream) chunks.push(chunk);
    return { chunks, error: null };
  } catch (error) {
    return { chunks, error };
  }
}

export async function openaiStream(link: FaultyLink) {
  const asked = { ...question, stream: true as const, stream_options: { include_usage: true } };
  const { chunks, error } = await readAll(await openai(link).chat.completions.create(asked));
  return { chunks, error, text: chunks.map(({ choices }) => choices[0]?.delta.content ?? '').join('') };
}

export async function ollamaStream(link: FaultyLink) {
  const { chunks, error } = await readAll(await ollama(link).chat({ ...ollamaQuestion, stream: true }));
  return { chunks, error, text: chunks.map(({ message }) => message.content).join('') };
}
