/** One exchange with the dependency, with no policy of its own but what Node's fetch has. */
import { UPSTREAM } from './entry.ts';

/** @throws whatever goes wrong, a status of 400 or more included */
export async function askUpstream(key: string, signal?: AbortSignal): Promise<string> {
  const response = await fetch(`${UPSTREAM}/work`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key }),
    ...(signal === undefined ? {} : { signal }),
  });
  const text = await response.text();
  if (response.status >= 400) throw new Error(`status ${response.status}`);
  JSON.parse(text);
  return 'live';
}
