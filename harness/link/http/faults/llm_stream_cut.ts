/**
 * `llm_stream_cut`: the connection breaks off in the middle of a stream: between two events, inside the
 * JSON of one, or inside a character.
 */
import { z } from 'zod';
import { eventAnswer } from '../event-answer.ts';
import { defineHttpFault } from '../fault.ts';
import { contentStart } from '../stream.ts';

const Attributes = z.strictObject({
  /** Tokens (events that carry text) that still come whole; a stream with no more than these is left alone. */
  tokens: z.int().min(0),
  /** Where in the next one it breaks. */
  where: z.enum(['between', 'mid_json', 'mid_utf8']).default('between'),
  how: z.enum(['fin', 'rst']).default('rst'),
});
type Attributes = z.infer<typeof Attributes>;

export const llmStreamCut = defineHttpFault<Attributes>({
  type: 'llm_stream_cut',
  about: 'so many tokens of a stream, perhaps a piece of the next, and the end of the connection',
  attributes: Attributes,
  act: (_request, { tokens: tokensMax, where, how }) => ({
    do: 'filter',
    filter: (sink) =>
      eventAnswer(sink, () => {
        let tokens = 0;
        return {
          event: (event, token) => {
            if (!token || ++tokens <= tokensMax) {
              sink.body(event);
              return;
            }
            sink.hit();
            sink.body(pieceOf(event, where));
            sink.abort(how);
          },
          end: () => sink.end(),
        };
      }),
  }),
});

function pieceOf(event: Buffer, where: Attributes['where']): Buffer {
  switch (where) {
    case 'between':
      return event.subarray(0, 0);
    case 'mid_json':
      return event.subarray(0, Math.floor(event.length / 2));
    case 'mid_utf8':
      return cutInCharacter(event);
  }
}

/** The first byte of a character of several is 0xC2 or above (RFC 3629 §4). */
const LEAD_BYTE_MIN = 0xc2;

/** Up to the first byte of its first character of several bytes; without one, as if its text began with one. */
function cutInCharacter(event: Buffer): Buffer {
  const text = contentStart(event);
  const lead = event.findIndex((byte, at) => at >= text && byte >= LEAD_BYTE_MIN);
  if (lead !== -1) return event.subarray(0, lead + 1);
  return Buffer.concat([event.subarray(0, text), Buffer.from('…').subarray(0, 1)]);
}
