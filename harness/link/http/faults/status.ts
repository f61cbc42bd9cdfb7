/** `http_status`: answers with a status of our choice, in the error shape of an LLM API. */
import { z } from 'zod';
import { defineHttpFault } from '../fault.ts';

const Attributes = z.strictObject({
  status: z.int().min(400).max(599),
  /** Body; left out, an error object as OpenAI's API sends it. */
  body: z.string().optional(),
  /** Seconds, sent as Retry-After. */
  retry_after: z.int().min(0).optional(),
});
type Attributes = z.infer<typeof Attributes>;

export const httpStatus = defineHttpFault<Attributes>({
  type: 'http_status',
  about: 'an answer with the given status, in the error shape of an LLM API',
  attributes: Attributes,
  act: (_request, { status, body, retry_after: retryAfterSeconds }) => ({
    do: 'answer',
    answer: {
      status,
      headers: {
        'content-type': 'application/json',
        ...(retryAfterSeconds === undefined ? {} : { 'retry-after': String(retryAfterSeconds) }),
      },
      body: body ?? JSON.stringify(openAiError(status)),
    },
  }),
});

/** The error object of OpenAI's API reference. */
function openAiError(status: number): object {
  const type =
    status === 429 ? 'rate_limit_exceeded' : status >= 500 ? 'server_error' : 'invalid_request_error';
  return { error: { message: `injected by tripcurve: HTTP ${status}`, type, param: null, code: null } };
}
