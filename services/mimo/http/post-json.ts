/**
 * One JSON exchange with a dependency: POST, read the whole bounded body, parse. Built on Node's own
 * fetch: it keeps connections alive, an abort really closes the socket, and it costs no import, where
 * the `openai` client adds some 50 ms to the boot for a single route that we retry nowhere.
 */
import { DependencyFault } from '../resilience/faults.ts';
import { assertOk, DETAIL_CHARS_MAX, networkFault, open, type Post, readBounded } from './exchange.ts';

/** @throws DependencyFault when the dependency fails, RequestRefused when it rejects the request. */
export async function postJson(post: Post): Promise<unknown> {
  const { status, text } = await exchange(post);
  assertOk(post.link, status, text);
  try {
    return JSON.parse(text);
  } catch {
    const start = text.slice(0, DETAIL_CHARS_MAX);
    throw new DependencyFault(post.link, 'malformed', `status 200 with a body that is not JSON: ${start}`);
  }
}

async function exchange(post: Post): Promise<{ status: number; text: string }> {
  try {
    const response = await open(post, 'application/json');
    return { status: response.status, text: await readBounded(post.link, response) };
  } catch (error) {
    throw networkFault(post, error);
  }
}
