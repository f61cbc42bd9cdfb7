/** Makes HTTP/1 messages from data: answers of our own, and request heads with headers left out. */
import { STATUS_CODES } from 'node:http';
import type { LocalAnswer } from './fault.ts';

/** A whole answer as bytes. @param isHead the request was HEAD, so the body is only announced */
export function encodeAnswer(answer: LocalAnswer, isHead: boolean, closes: boolean): Buffer {
  const body = Buffer.from(answer.body);
  const headers = {
    ...answer.headers,
    'content-length': body.length,
    connection: closes ? 'close' : 'keep-alive',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const head = `HTTP/1.1 ${answer.status} ${STATUS_CODES[answer.status] ?? 'Injected'}\r\n${lines.join('\r\n')}\r\n\r\n`;
  return isHead ? Buffer.from(head) : Buffer.concat([Buffer.from(head), body]);
}

/** The head of a message with some headers (lower case) given another value, or left out where it is null. */
export function withHeaders(head: string, change: Readonly<Record<string, string | null>>): Buffer {
  const lines = head.split(/(?<=\n)/).flatMap((line) => {
    const colon = line.indexOf(':');
    const name = colon === -1 ? '' : line.slice(0, colon);
    const value = change[name.toLowerCase()];
    if (value === undefined) return [line];
    return value === null ? [] : [`${name}: ${value}\r\n`];
  });
  return Buffer.from(lines.join(''), 'latin1');
}
