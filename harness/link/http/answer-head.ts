/** What faults ask of the head of an answer, and the changes they make to it. */
import type { AnsweredHead, AnswerHead } from './fault.ts';

/** The last value of a header; undefined where there is none. */
export function headerOf({ headers }: AnswerHead, name: string): string | undefined {
  return headers.findLast(([known]) => known.toLowerCase() === name)?.[1];
}

/** The head with one header given another value, where it stood or at the end. */
export function withHeader(head: AnswerHead, name: string, value: string): AnswerHead {
  const headers = head.headers.filter(([known]) => known.toLowerCase() !== name);
  return { status: head.status, headers: [...headers, [name, value]] };
}

/** Whether there is a body that can be read: a compressed one cannot, though we ask for none. */
export function isReadable(head: AnsweredHead): boolean {
  return head.hasBody && (headerOf(head, 'content-encoding') ?? 'identity') === 'identity';
}

/** Whether the body is one JSON value. */
export function isJson(head: AnsweredHead): boolean {
  return isReadable(head) && /^application\/([\w.-]+\+)?json\b/i.test(headerOf(head, 'content-type') ?? '');
}

/** Whether the dependency says that all went well. */
export function isSuccess({ status }: AnswerHead): boolean {
  return status >= 200 && status < 300;
}
