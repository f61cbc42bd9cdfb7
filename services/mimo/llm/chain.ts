/**
 * The LLM as a chain of providers, asked in order until one answers. Each has a breaker of its own, so that one
 * that is down costs nothing after a few calls. Every provider is tried once per call, and all within one
 * deadline: the next provider is the retry, so an outage of all costs as many calls as there are providers.
 */
import type { LlmLink, LlmPolicy } from '../policy.ts';
import { isLinkError, RequestRefused } from '../resilience/faults.ts';
import type { Guard } from '../resilience/guard.ts';
import type { Part } from '../served.ts';
import type { ChatRequest, Completion, LlmClient, OnText } from './client.ts';

/** Of the deadline, by which it may be overrun: timers fire late on a busy machine, and no provider is passed over for that. */
const LATE_SHARE = 0.1;

export interface Provider {
  readonly link: LlmLink;
  readonly model: string;
  readonly guard: Guard;
  readonly client: LlmClient;
}

export interface ChainAnswer extends Completion {
  readonly provider: Provider;
  /** What the answer is to be marked with: only the first provider's is `live`. */
  readonly part: Part;
}

export interface Chain {
  readonly providers: readonly Provider[];
  /** @throws the last provider's error when none answers */
  complete(request: ChatRequest): Promise<ChainAnswer>;
  /**
   * As `complete`, in pieces. Once a piece has been given no other provider is asked: what a caller has seen of
   * one answer cannot be continued by another. @throws also after pieces were given, when the stream breaks.
   */
  stream(request: ChatRequest, onText: (text: string, part: Part) => 'on' | 'stop'): Promise<ChainAnswer>;
}

export interface ChainOptions {
  readonly providers: readonly Provider[];
  readonly policy: LlmPolicy;
  /** For metrics: told of every answer, also of one that was cut off by whoever asked. */
  readonly onAnswer: (link: LlmLink, completion: Completion) => void;
}

export function createChain({ providers, policy, onAnswer }: ChainOptions): Chain {
  async function firstToAnswer(
    ask: (provider: Provider) => Promise<Completion>,
    mayGoOn: () => boolean,
  ): Promise<ChainAnswer> {
    const startedAtMs = performance.now();
    const limitMs = (1 + LATE_SHARE) * policy.deadlineMs;
    let failure: unknown;
    for (const provider of providers) {
      const wouldEndAtMs = performance.now() - startedAtMs + policy.timeoutMs;
      // Only a try that can use its whole time is begun: one cut short would blame the provider.
      if (failure !== undefined && wouldEndAtMs > limitMs) break;
      try {
        const completion = await ask(provider);
        onAnswer(provider.link, completion);
        return { ...completion, provider, part: partOf(provider) };
      } catch (error) {
        failure = error;
        if (!isLinkError(error) || !mayGoOn()) throw error;
        // What is wrong with the request is wrong for all of them.
        if (error instanceof RequestRefused && error.kind === 'request') throw error;
      }
    }
    throw failure;
  }

  function partOf(provider: Provider): Part {
    return { by: provider === providers[0] ? 'live' : 'backup', ageMs: null };
  }

  return {
    providers,
    complete: (request) =>
      firstToAnswer(
        ({ guard, client }) => guard.call((signal) => client.complete(request, signal)),
        () => true,
      ),

    async stream(request, onText) {
      const limits = { firstTokenMs: policy.timeoutMs, betweenTokensMs: policy.stream.betweenTokensMs };
      let hasBegun = false;
      return firstToAnswer(
        (provider) => {
          const part = partOf(provider);
          const take: OnText = (text) => {
            hasBegun = true;
            return onText(text, part);
          };
          return provider.guard.call(
            (signal) => provider.client.stream(request, limits, signal, take),
            policy.stream.deadlineMs,
          );
        },
        () => !hasBegun,
      );
    },
  };
}
