/** `http_malformed_json`: a body that says it is JSON, and is not; framing and length are in order. */
import { z } from 'zod';
import { defineHttpFault } from '../fault.ts';
import { jsonBytes, parsed } from '../json-answer.ts';

const Attributes = z.strictObject({
  /** The first half of it; noise in its middle; or a gateway's error page in its place. */
  how: z.enum(['truncated', 'garbage', 'html']).default('truncated'),
});
type How = z.infer<typeof Attributes>['how'];

export const httpMalformedJson = defineHttpFault<z.infer<typeof Attributes>>({
  type: 'http_malformed_json',
  about: 'a JSON answer that does not parse: cut in half, with noise in it, or an HTML page',
  attributes: Attributes,
  act: (_request, { how }) => ({
    do: 'filter',
    filter: (sink) => jsonBytes(sink, (body) => malformed(body, how, () => sink.random())),
  }),
});

/** What nginx says when it has no one to ask. */
const PAGE = `<html>\r
<head><title>502 Bad Gateway</title></head>\r
<body>\r
<center><h1>502 Bad Gateway</h1></center>\r
<hr><center>nginx</center>\r
</body>\r
</html>\r
`;

function malformed(body: Buffer, how: How, random: () => number): Buffer {
  switch (how) {
    case 'truncated': {
      const half = body.subarray(0, Math.floor(body.length / 2));
      return parsed(half.toString()) === undefined ? half : EMPTY; // half a number is a number
    }
    case 'garbage': {
      const noisy = Buffer.from(body);
      const from = Math.floor(noisy.length / 3);
      const to = Math.max(from + 1, Math.floor((2 * noisy.length) / 3));
      for (let i = from; i < to; i++) noisy[i] = Math.floor(random() * 256);
      noisy[from] = 0; // allowed nowhere in JSON, so that no noise happens to be valid
      return noisy;
    }
    case 'html':
      return Buffer.from(PAGE);
  }
}

const EMPTY = Buffer.alloc(0);
