/** One call to a control API in Toxiproxy's dialect, bounded: such an API can hang (Toxiproxy #558). */
import { EnvironmentError, messageOf } from '../model/errors.ts';

export interface ControlCall {
  method?: 'GET' | 'POST' | 'PUT' | 'DELETE';
  body?: object;
  /** Given up after so many ms. */
  limitMs: number;
  /** Statuses that are as good as success, such as 404 where something is to be gone. */
  alsoFine?: readonly number[];
}

/** Its answer, null where that has no body. @throws EnvironmentError that begins with `doing` */
export async function controlCall<T>(url: string, doing: string, call: ControlCall): Promise<T | null> {
  const { method = 'GET', body, limitMs, alsoFine = [] } = call;
  let status: number;
  let text: string;
  try {
    const response = await fetch(url, {
      method,
      signal: AbortSignal.timeout(limitMs),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    status = response.status;
    text = await response.text();
  } catch (error) {
    const isLate = (error as { name?: string }).name === 'TimeoutError';
    const { cause } = error as { cause?: unknown };
    const why = isLate ? `no answer within ${limitMs} ms` : messageOf(cause ?? error);
    throw new EnvironmentError(`${doing}: ${new URL(url).origin}: ${why}`);
  }
  if (alsoFine.includes(status)) return null;
  if (status >= 300) throw new EnvironmentError(`${doing}: ${url} answered ${status} ${oneLine(text)}`);
  try {
    return text === '' ? null : (JSON.parse(text) as T);
  } catch {
    throw new EnvironmentError(`${doing}: ${url} answered no JSON: ${oneLine(text)}`);
  }
}

const TEXT_LENGTH_MAX = 200;

function oneLine(text: string): string {
  return text.trim().replaceAll(/\s+/g, ' ').slice(0, TEXT_LENGTH_MAX);
}
