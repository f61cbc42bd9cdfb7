/**
 * An exchange whose answer is a stream of server-sent events: POST, then the data of each event as it comes.
 * That the stream has ended says nothing of whether it was whole; who reads it must know its last event.
 */
import { DependencyFault } from '../resilience/faults.ts';
import { EventLines } from './event-lines.ts';
import { assertOk, boundedBody, networkFault, open, type Post, readBounded } from './exchange.ts';

/** @throws DependencyFault, RequestRefused, or the signal's reason when aborted. */
export async function* postEvents(post: Post): AsyncGenerator<string> {
  const { link } = post;
  try {
    const response = await open(post, 'text/event-stream');
    if (response.status !== 200) assertOk(link, response.status, await readBounded(link, response));
    const type = response.headers.get('content-type') ?? 'none';
    if (!type.startsWith('text/event-stream')) {
      await response.body?.cancel();
      throw new DependencyFault(link, 'malformed', `status 200 with ${type} instead of an event stream`);
    }
    const lines = new EventLines();
    const decoder = new TextDecoder();
    for await (const chunk of boundedBody(link, response)) {
      yield* lines.push(decoder.decode(chunk, { stream: true }));
    }
    // What follows the last blank line is an event that was cut off, so it is none.
  } catch (error) {
    throw networkFault(post, error);
  }
}
