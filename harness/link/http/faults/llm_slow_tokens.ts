/** `llm_slow_tokens`: a stream that comes at a slower pace, token by token; nothing is lost. */
import { z } from 'zod';
import { type EventHandler, eventAnswer } from '../event-answer.ts';
import { type AnswerSink, defineHttpFault } from '../fault.ts';

const Attributes = z.strictObject({
  /** Tokens (events that carry text) per second, at most. */
  tokens_per_second: z.number().positive(),
});

const MS_PER_SECOND = 1000;

export const llmSlowTokens = defineHttpFault<z.infer<typeof Attributes>>({
  type: 'llm_slow_tokens',
  about: 'a stream whose tokens come no faster than this',
  attributes: Attributes,
  act: (_request, { tokens_per_second: tokensPerSecond }) => ({
    do: 'filter',
    filter: (sink) => eventAnswer(sink, () => paced(sink, MS_PER_SECOND / tokensPerSecond)),
  }),
});

function paced(sink: AnswerSink, intervalMs: number): EventHandler {
  const queue: { event: Buffer; token: boolean }[] = [];
  let queuedBytes = 0;
  let ended = false;
  let waiting = false;
  /** The next token goes no sooner. Kept as a time, not as a pause, so that late timers do not add up. */
  let dueMs = 0;

  function sendDue(): void {
    for (let first = queue[0]; first !== undefined && !waiting; first = queue[0]) {
      if (first.token && !isDue()) return;
      queue.shift();
      queuedBytes -= first.event.length;
      sink.body(first.event);
    }
    if (ended && queue.length === 0) sink.end();
  }

  function isDue(): boolean {
    const nowMs = performance.now();
    if (nowMs < dueMs) {
      sink.hit();
      waiting = true;
      sink.after(dueMs - nowMs, () => {
        waiting = false;
        sendDue();
      });
      return false;
    }
    // What a pause of the dependency has left unused is not caught up with, beyond one token.
    dueMs = Math.max(dueMs, nowMs - intervalMs) + intervalMs;
    return true;
  }

  return {
    event: (event, token) => {
      queue.push({ event, token });
      queuedBytes += event.length;
      sendDue();
    },
    end: () => {
      ended = true;
      sendDue();
    },
    heldBytes: () => queuedBytes,
  };
}
