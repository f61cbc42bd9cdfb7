/** `http_status`: answers with a status of our choice, in the error shape of a provider. */
import { z } from 'zod';
import { defineHttpFault } from '../fault.ts';
import { ErrorShape, providerError } from '../provider-error.ts';

/** RFC 9110 §5.6.2 (token) and §5.5: nothing that would end the line. */
const HeaderName = z.string().regex(/^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/, 'a header name has no such character');
const HeaderValue = z.string().regex(/^[\t\x20-\x7e]*$/, 'a header value is printable ASCII in one line');

const Attributes = z.strictObject({
  status: z.int().min(400).max(599),
  /** Whose error body it is. */
  shape: ErrorShape.default('openai'),
  /** A body of your own instead. */
  body: z.string().optional(),
  /** Seconds, sent as Retry-After. */
  retry_after: z.int().min(0).optional(),
  /** More headers, or others than ours. */
  headers: z.record(HeaderName, HeaderValue).optional(),
});
type Attributes = z.infer<typeof Attributes>;

export const httpStatus = defineHttpFault<Attributes>({
  type: 'http_status',
  about: 'the status, with an error body as the provider would send it; the dependency is never asked',
  attributes: Attributes,
  act: (_request, { status, shape, body, retry_after: retryAfterSeconds, headers }) => ({
    do: 'answer',
    answer: {
      status,
      headers: {
        'content-type': 'application/json',
        ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
        ...lowerCased(headers ?? {}),
      },
      body: body ?? JSON.stringify(providerError(shape, status)),
    },
  }),
});

function lowerCased(headers: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}
