/**
 * The error bodies of LLM APIs, as each provider documents or sends them. Clients branch on their fields
 * (`code`, `type`), so the fields are the real ones; the messages say that they are injected.
 */
import { z } from 'zod';

/** Whose error body it is. */
export const ErrorShape = z.enum(['openai', 'openrouter', 'anthropic', 'ollama']);
export type ErrorShape = z.infer<typeof ErrorShape>;

const INJECTED = '(injected by tripcurve)';

/** The body that goes with a status. */
export function providerError(shape: ErrorShape, status: number): object {
  switch (shape) {
    case 'openai':
      return { error: openAi(status) };
    case 'openrouter':
      return { error: openRouter(status) };
    case 'anthropic':
      return anthropic(status);
    case 'ollama':
      return { error: `${OLLAMA_MESSAGES[status] ?? `error ${status}`} ${INJECTED}` };
  }
}

interface OpenAiError {
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

/** platform.openai.com/docs/guides/error-codes, and errors as they come. */
function openAi(status: number): OpenAiError {
  const [message, type, code] = OPENAI[status] ?? [
    `The request failed with status ${status}.`,
    status >= 500 ? 'server_error' : 'invalid_request_error',
    null,
  ];
  return { message: `${message} ${INJECTED}`, type, param: null, code };
}

const OPENAI: Record<number, readonly [message: string, type: string, code: string | null]> = {
  400: ['The request could not be understood.', 'invalid_request_error', null],
  401: ['Incorrect API key provided.', 'invalid_request_error', 'invalid_api_key'],
  404: [
    'The model does not exist or you do not have access to it.',
    'invalid_request_error',
    'model_not_found',
  ],
  408: ['Timed out generating response.', 'internal_error', 'request_timeout'],
  429: ['Rate limit reached on requests per min (RPM).', 'requests', 'rate_limit_exceeded'],
  500: ['The server had an error while processing your request.', 'server_error', null],
  502: ['Bad gateway.', 'server_error', null],
  503: ['The engine is currently overloaded, please try again later.', 'server_error', null],
  504: ['The request timed out.', 'server_error', null],
  529: ['The engine is currently overloaded, please try again later.', 'server_error', null],
};

/** openrouter.ai/docs/api-reference/errors: the code is the status; what the provider said is in the metadata. */
function openRouter(status: number): object {
  const message = `${OPENROUTER_MESSAGES[status] ?? 'Provider returned error'} ${INJECTED}`;
  if (status < 500) return { message, code: status };
  return { message, code: status, metadata: { raw: `upstream error ${status}`, provider_name: 'tripcurve' } };
}

const OPENROUTER_MESSAGES: Record<number, string> = {
  400: 'Bad request',
  401: 'No auth credentials found',
  402: 'Insufficient credits',
  404: 'No endpoints found for the model',
  408: 'Request timed out',
  429: 'Rate limit exceeded',
  500: 'Internal Server Error',
  503: 'No instances available',
  504: 'The operation was aborted',
};

/** docs.anthropic.com/en/api/errors */
function anthropic(status: number): object {
  const type = ANTHROPIC_TYPES[status] ?? (status >= 500 ? 'api_error' : 'invalid_request_error');
  const message = `${ANTHROPIC_MESSAGES[status] ?? 'The request failed'} ${INJECTED}`;
  return { type: 'error', error: { type, message }, request_id: 'req_tripcurve' };
}

const ANTHROPIC_TYPES: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  403: 'permission_error',
  404: 'not_found_error',
  408: 'timeout_error',
  413: 'request_too_large',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
};

const ANTHROPIC_MESSAGES: Record<number, string> = {
  401: 'invalid x-api-key',
  408: 'Request timed out',
  429: 'This request would exceed the rate limit',
  500: 'Internal server error',
  504: 'Request timed out',
  529: 'Overloaded',
};

/** Ollama's own texts (server/routes.go, server/sched.go). */
const OLLAMA_MESSAGES: Record<number, string> = {
  400: 'invalid request',
  401: 'unauthorized',
  404: 'model not found, try pulling it first',
  408: 'request timed out',
  429: 'too many concurrent requests',
  500: 'llama runner process has terminated: exit status 2',
  502: 'bad gateway',
  503: 'server busy, please try again.  maximum pending requests exceeded',
  504: 'timed out waiting for llama runner to start',
  529: 'server overloaded',
};
