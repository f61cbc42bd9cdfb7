/** What services on undici's agents do: ask the dependency over one, and take errors for errors. */
import type { Dispatcher } from 'undici';
import { UPSTREAM } from './entry.ts';

const { origin } = new URL(UPSTREAM);

/** @throws where the answer is an error, or no JSON */
export async function askOver(agent: Dispatcher, key: string): Promise<string> {
  const { statusCode, body } = await agent.request({
    origin,
    path: '/work',
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key }),
  });
  const text = await body.text();
  if (statusCode >= 400) throw new Error(`status ${statusCode}`);
  JSON.parse(text);
  return 'live';
}
