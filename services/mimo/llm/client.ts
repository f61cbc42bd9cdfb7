/**
 * The LLM as Mimo needs it: one chat completion, OpenAI's wire format, no retry and no timeout of its
 * own (the guard has both). An answer without text is a fault, not an empty answer.
 */
import { z } from 'zod';
import type { Config } from '../config.ts';
import { postJson } from '../http/post-json.ts';
import { DependencyFault } from '../resilience/faults.ts';
import { type Trace, traceparent } from '../trace.ts';

/** Length and warmth of an answer, from the original's `complete`. */
const ANSWER_TOKENS_MAX = 200;
const TEMPERATURE = 0.1;

export interface ChatMessage {
  readonly role: 'system' | 'user';
  readonly content: string;
}

export interface LlmClient {
  /** @throws DependencyFault, RequestRefused, or the signal's reason when aborted. */
  complete(messages: readonly ChatMessage[], trace: Trace, signal: AbortSignal): Promise<string>;
}

const Completion = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string() }) })).min(1),
});

export function createLlmClient({ baseUrl, apiKey, model }: Config['llm']): LlmClient {
  return {
    async complete(messages, trace, signal) {
      const answer = await postJson({
        link: 'llm',
        url: `${baseUrl}/chat/completions`,
        headers: { authorization: `Bearer ${apiKey}`, traceparent: traceparent(trace) },
        body: { model, messages, max_tokens: ANSWER_TOKENS_MAX, temperature: TEMPERATURE },
        signal,
      });
      const content = Completion.safeParse(answer).data?.choices[0]?.message.content;
      if (content === undefined) {
        throw new DependencyFault('llm', 'malformed', 'status 200 without choices[0].message.content');
      }
      const text = withoutThinking(content);
      if (text === '') throw new DependencyFault('llm', 'malformed', 'status 200 with an empty answer');
      return text;
    },
  };
}

/** Reasoning models put their thoughts before the answer; they are not for the caller. */
function withoutThinking(content: string): string {
  return content.replace(/<think>[\s\S]*?<\/think>/g, '').trim();
}
