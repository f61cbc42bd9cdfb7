/**
 * `http_huge_body`: the answer is preceded by so much padding that a target without a bound on what it
 * reads is in trouble. What follows the padding is still valid: JSON allows spaces before a value, and a
 * stream of events a comment.
 */
import { z } from 'zod';
import { headerOf, isReadable } from '../answer-head.ts';
import { defineHttpFault } from '../fault.ts';
import { eventFormat } from '../stream.ts';

const MIB = 1024 * 1024;

const Attributes = z.strictObject({
  /** Padding, bytes */
  bytes: z
    .int()
    .min(1024)
    .max(1024 * MIB)
    .default(64 * MIB),
});

/** Sent over and over: a gigabyte that waits in a socket is a thousand times this one buffer. */
const SPACES = Buffer.alloc(MIB, ' ');

export const httpHugeBody = defineHttpFault<z.infer<typeof Attributes>>({
  type: 'http_huge_body',
  about: 'so many bytes of padding before the body, which stays valid',
  attributes: Attributes,
  act: (_request, { bytes: paddingBytes }) => ({
    do: 'filter',
    filter: (sink) => ({
      head: (head) => {
        if (!isReadable(head)) {
          sink.pass();
          return;
        }
        sink.hit();
        sink.head(head, head.bodyBytes === null ? null : head.bodyBytes + paddingBytes);
        const isSse = eventFormat(headerOf(head, 'content-type')) === 'sse';
        const [before, after] = isSse ? [Buffer.from(':'), Buffer.from('\n\n')] : [EMPTY, EMPTY];
        sink.body(before);
        let leftBytes = paddingBytes - before.length - after.length;
        while (leftBytes > 0) {
          const piece = SPACES.subarray(0, leftBytes);
          sink.body(piece);
          leftBytes -= piece.length;
        }
        sink.body(after);
      },
      body: (bytes) => sink.body(bytes),
      end: () => sink.end(),
    }),
  }),
});

const EMPTY = Buffer.alloc(0);
