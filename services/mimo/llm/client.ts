/**
 * One provider of the LLM as Mimo needs it: a chat completion, whole or in pieces, in OpenAI's wire format. No
 * retry and no limit on the whole (the guard has that); an answer without text, or without its end, is a fault.
 */
import { z } from 'zod';
import type { Post } from '../http/exchange.ts';
import { postEvents } from '../http/post-events.ts';
import { postJson } from '../http/post-json.ts';
import type { LlmLink } from '../policy.ts';
import { DependencyFault } from '../resilience/faults.ts';
import { type Trace, traceparent } from '../trace.ts';
import { ThinkingFilter, withoutThinking } from './thinking.ts';
import { type TokenLimits, withTokenLimits } from './token-limits.ts';

/** Length and warmth of an answer, from the original's `complete`. */
const ANSWER_TOKENS_MAX = 200;
const TEMPERATURE = 0.1;

/** Where and as whom a provider is asked. */
export interface ProviderConfig {
  readonly link: LlmLink;
  readonly baseUrl: string;
  readonly apiKey: string;
  readonly model: string;
  /** Price of a million tokens, in US dollars. */
  readonly promptUsdPerMillion: number;
  readonly completionUsdPerMillion: number;
}

export interface ChatMessage {
  readonly role: 'system' | 'user';
  readonly content: string;
}

/** Tokens that the provider says it has counted. */
export interface Usage {
  readonly promptTokens: number;
  readonly completionTokens: number;
}

/** `length`, `filtered`: cut by the provider; `abandoned`: whoever asked stopped listening. */
export type Finish = 'stop' | 'length' | 'filtered' | 'abandoned';

export interface Completion {
  readonly text: string;
  readonly finish: Finish;
  /** Null where the provider did not tell. */
  readonly usage: Usage | null;
}

export interface ChatRequest {
  readonly messages: readonly ChatMessage[];
  readonly trace: Trace;
  /** Left out: the length of an answer. */
  readonly tokensMax?: number;
}

/** Takes a piece of the answer; `stop` ends the stream. */
export type OnText = (text: string) => 'on' | 'stop';

export interface LlmClient {
  /** @throws DependencyFault, RequestRefused, or the signal's reason when aborted. */
  complete(request: ChatRequest, signal: AbortSignal): Promise<Completion>;
  /**
   * Resolves when the last piece has been given, and only when the provider said that it was the last.
   * @throws as `complete`, and CallTimedOut when a piece does not come in time.
   */
  stream(request: ChatRequest, limits: TokenLimits, signal: AbortSignal, onText: OnText): Promise<Completion>;
}

const UsageFields = z.object({ prompt_tokens: z.number().min(0), completion_tokens: z.number().min(0) });

const Whole = z.object({
  choices: z
    .array(z.object({ message: z.object({ content: z.string() }), finish_reason: z.string().nullish() }))
    .min(1),
  usage: UsageFields.nullish().catch(null),
});

const Piece = z.object({
  choices: z
    .array(
      z.object({
        delta: z.object({
          content: z.string().nullish(),
          reasoning: z.string().nullish(),
          reasoning_content: z.string().nullish(),
        }),
        finish_reason: z.string().nullish(),
      }),
    )
    .default([]),
  usage: UsageFields.nullish().catch(null),
  /** A provider that fails in the middle has only this way left to say so: its status was 200. */
  error: z.unknown().optional(),
});

export function createLlmClient({ link, baseUrl, apiKey, model }: ProviderConfig): LlmClient {
  function post({ messages, trace, tokensMax = ANSWER_TOKENS_MAX }: ChatRequest, signal: AbortSignal): Post {
    return {
      link,
      url: `${baseUrl}/chat/completions`,
      headers: { authorization: `Bearer ${apiKey}`, traceparent: traceparent(trace) },
      body: { model, messages, max_tokens: tokensMax, temperature: TEMPERATURE },
      signal,
    };
  }

  async function complete(request: ChatRequest, signal: AbortSignal): Promise<Completion> {
    const answer = Whole.safeParse(await postJson(post(request, signal))).data;
    const choice = answer?.choices[0];
    if (choice === undefined) {
      throw new DependencyFault(link, 'malformed', 'status 200 without choices[0].message.content');
    }
    return completion(withoutThinking(choice.message.content), choice.finish_reason, answer?.usage);
  }

  async function stream(
    request: ChatRequest,
    limits: TokenLimits,
    signal: AbortSignal,
    onText: OnText,
  ): Promise<Completion> {
    return withTokenLimits(link, limits, signal, async (limited, onToken) => {
      const whole = post(request, limited);
      const body = { ...Object(whole.body), stream: true, stream_options: { include_usage: true } };
      const filter = new ThinkingFilter();
      let text = '';
      let finish: string | null = null;
      let usage: z.infer<typeof UsageFields> | null = null;

      /** Whether to go on. */
      function give(piece: string): boolean {
        text += piece;
        return piece === '' || onText(piece) === 'on';
      }

      for await (const data of postEvents({ ...whole, body })) {
        if (data === '[DONE]') break;
        const piece = parsePiece(data);
        const choice = piece.choices[0];
        usage = piece.usage ?? usage;
        if (choice === undefined) continue;
        const { content, reasoning, reasoning_content } = choice.delta;
        // Thoughts are signs of life too; a role alone is not.
        if (content || reasoning || reasoning_content) onToken();
        finish = choice.finish_reason ?? finish;
        if (content && !give(filter.push(content))) return { text, finish: 'abandoned', usage: null };
      }
      if (finish === null) {
        throw new DependencyFault(link, 'malformed', 'the stream ended before the answer was finished');
      }
      give(filter.end());
      return completion(text.trim(), finish, usage);
    });
  }

  function parsePiece(data: string): z.infer<typeof Piece> {
    const piece = Piece.safeParse(parseJson(data)).data;
    if (piece === undefined)
      throw new DependencyFault(link, 'malformed', 'a piece of the stream is no chunk');
    if (piece.error !== undefined && piece.error !== null) {
      throw new DependencyFault(link, 'status', `error within the stream: ${JSON.stringify(piece.error)}`);
    }
    return piece;
  }

  function completion(
    text: string,
    reason: string | null | undefined,
    usage: z.infer<typeof UsageFields> | null | undefined,
  ): Completion {
    // OpenRouter's word for an answer that the model behind it broke off.
    if (reason === 'error') throw new DependencyFault(link, 'malformed', 'the answer ended with an error');
    if (text === '') throw new DependencyFault(link, 'malformed', 'status 200 with an empty answer');
    return {
      text,
      finish: FINISHES.get(reason ?? 'stop') ?? 'stop',
      usage: usage ? { promptTokens: usage.prompt_tokens, completionTokens: usage.completion_tokens } : null,
    };
  }

  return { complete, stream };
}

/** The API's words for an ending that is not the model's own. */
const FINISHES: ReadonlyMap<string, Finish> = new Map([
  ['length', 'length'],
  ['content_filter', 'filtered'],
]);

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
