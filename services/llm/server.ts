/**
 * A stand-in for an LLM API: OpenAI's chat completions, also under OpenRouter's prefix, with real
 * wire formats (JSON, SSE, error objects) and deterministic answers.
 */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type FastifyInstance, type FastifyReply, type FastifyRequest, fastify } from 'fastify';
import { z } from 'zod';
import { WITHOUT_SCHEMAS } from '../without-schemas.ts';
import { answerFor, pieces, textOf, tokens } from './answer.ts';

/** How the stand-in behaves; see main.ts for the variables. */
export interface LlmOptions {
  models: readonly string[];
  /** Refuse requests without a key. */
  requireKey: boolean;
  /** Pause before the first token, in ms. */
  firstTokenMs: number;
  /** Pace of a stream; 0: as fast as it goes. */
  tokensPerSecond: number;
  /**
   * Whole answers that are worked on at once, each for `firstTokenMs`; the others wait, however many. Work for a
   * caller that has gone is done all the same. 0: no bound.
   */
  slots: number;
}

export const LLM_DEFAULTS: LlmOptions = {
  models: ['stand-in-1', 'kwaipilot/kat-coder-pro:free'],
  requireKey: false,
  firstTokenMs: 0,
  tokensPerSecond: 0,
  slots: 0,
};

const Body = z.looseObject({
  model: z.string().min(1),
  messages: z
    .array(
      z.looseObject({
        role: z.enum(['system', 'developer', 'user', 'assistant', 'tool']),
        content: z.union([
          z.string(),
          z.array(z.looseObject({ type: z.string(), text: z.string().optional() })),
          z.null(),
        ]),
      }),
    )
    .min(1),
  stream: z.boolean().nullish(),
  stream_options: z.looseObject({ include_usage: z.boolean().nullish() }).nullish(),
  max_tokens: z.int().min(1).nullish(),
  max_completion_tokens: z.int().min(1).nullish(),
  stop: z.union([z.string(), z.array(z.string()).max(4)]).nullish(),
  n: z.literal(1).nullish(),
  temperature: z.number().min(0).max(2).nullish(),
  response_format: z.looseObject({ type: z.enum(['text', 'json_object']) }).nullish(),
});
type Body = z.infer<typeof Body>;

/** OpenAI's error object. */
interface ApiError {
  status: number;
  message: string;
  type: string;
  param: string | null;
  code: string | null;
}

/** OpenRouter serves the same API under this prefix. */
const PREFIXES = ['', '/api'];

export function buildLlm(options: Partial<LlmOptions> = {}): FastifyInstance {
  const settings = { ...LLM_DEFAULTS, ...options };
  const inSlot = slotsOf(settings.slots);
  const app = fastify({
    ...WITHOUT_SCHEMAS,
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 4 * 1024 * 1024,
  });
  app.setErrorHandler((error: { statusCode?: number; message: string }, _request, reply) => {
    const status = error.statusCode ?? 500;
    return refuse(reply, {
      status,
      message: error.message,
      type: 'invalid_request_error',
      param: null,
      code: null,
    });
  });
  app.setNotFoundHandler((request, reply) =>
    refuse(reply, {
      status: 404,
      message: `Unknown request URL: ${request.method} ${request.url}.`,
      type: 'invalid_request_error',
      param: null,
      code: 'unknown_url',
    }),
  );
  for (const prefix of PREFIXES) {
    app.get(`${prefix}/v1/models`, () => ({
      object: 'list',
      data: settings.models.map((id) => ({ id, object: 'model', created: 0, owned_by: 'stand-in' })),
    }));
    app.post(`${prefix}/v1/chat/completions`, (request, reply) =>
      complete(request, reply, { settings, inSlot, router: prefix !== '' }),
    );
  }
  return app;
}

/** Runs work when there is room for it. */
type InSlot = (work: () => Promise<void>) => Promise<void>;

/** First come, first served. */
function slotsOf(slots: number): InSlot {
  const waiting: (() => void)[] = [];
  let free = slots === 0 ? Infinity : slots;
  return async (work) => {
    if (free > 0) free--;
    else await new Promise<void>((resolve) => waiting.push(resolve));
    try {
      await work();
    } finally {
      const next = waiting.shift();
      if (next === undefined) free++;
      else next();
    }
  };
}

/** How a request is served. */
interface Served {
  settings: LlmOptions;
  inSlot: InSlot;
  /** Under OpenRouter's prefix. */
  router: boolean;
}

async function complete(
  request: FastifyRequest,
  reply: FastifyReply,
  { settings, inSlot, router }: Served,
): Promise<unknown> {
  reply.header('x-request-id', `req_${randomUUID().replaceAll('-', '')}`);
  if (settings.requireKey && !/^Bearer \S+$/.test(request.headers.authorization ?? '')) {
    return refuse(reply, {
      status: 401,
      message: "You didn't provide an API key.",
      type: 'invalid_request_error',
      param: null,
      code: 'invalid_api_key',
    });
  }
  const parsed = Body.safeParse(request.body);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const param = issue?.path.join('.') ?? null;
    return refuse(reply, {
      status: 400,
      message: `Invalid '${param}': ${issue?.message}`,
      type: 'invalid_request_error',
      param,
      code: 'invalid_value',
    });
  }
  const body = parsed.data;
  if (!settings.models.includes(body.model)) {
    return refuse(reply, {
      status: 404,
      message: `The model \`${body.model}\` does not exist or you do not have access to it.`,
      type: 'invalid_request_error',
      param: null,
      code: 'model_not_found',
    });
  }
  const { text, finish } = generate(body);
  const about = {
    id: `${router ? 'gen' : 'chatcmpl'}-${createHash('sha256').update(JSON.stringify(body)).digest('hex').slice(0, 24)}`,
    created: Math.floor(Date.now() / 1000),
    model: body.model,
    ...(router ? { provider: 'stand-in' } : {}),
  };
  const promptTokens = body.messages.reduce((sum, message) => sum + tokens(textOf(message)).length, 0);
  const completionTokens = tokens(text).length;
  const usage = {
    prompt_tokens: promptTokens,
    completion_tokens: completionTokens,
    total_tokens: promptTokens + completionTokens,
  };
  if (body.stream === true) {
    await stream(request, reply, settings, {
      about,
      text,
      finish,
      usage: body.stream_options?.include_usage === true ? usage : null,
    });
    return reply;
  }
  await inSlot(() => delay(settings.firstTokenMs));
  const message = { role: 'assistant', content: text, refusal: null };
  return {
    ...about,
    object: 'chat.completion',
    choices: [{ index: 0, message, logprobs: null, finish_reason: finish }],
    usage,
  };
}

/** The answer, cut by `stop` and by the token limit as the request asks. */
function generate(body: Body): { text: string; finish: 'stop' | 'length' } {
  const answer = answerFor(body.messages);
  let text = body.response_format?.type === 'json_object' ? JSON.stringify({ answer }) : answer;
  for (const stop of [body.stop ?? []].flat()) {
    const at = stop === '' ? -1 : text.indexOf(stop);
    if (at !== -1) text = text.slice(0, at);
  }
  const limit = body.max_completion_tokens ?? body.max_tokens ?? Infinity;
  const all = pieces(text);
  return all.length > limit
    ? { text: all.slice(0, limit).join(''), finish: 'length' }
    : { text, finish: 'stop' };
}

interface Streamed {
  about: object;
  text: string;
  finish: string;
  usage: object | null;
}

/** Sends the answer as server-sent events, and stops when nobody listens any more. */
async function stream(
  request: FastifyRequest,
  reply: FastifyReply,
  settings: LlmOptions,
  { about, text, finish, usage }: Streamed,
): Promise<void> {
  reply.hijack();
  const { raw } = reply;
  const gone = new AbortController();
  raw.once('close', () => gone.abort());
  raw.writeHead(200, {
    'content-type': 'text/event-stream; charset=utf-8',
    'cache-control': 'no-cache',
    'x-request-id': String(reply.getHeader('x-request-id') ?? request.id),
  });
  const send = (delta: object, reason: string | null): void => {
    const chunk = {
      ...about,
      object: 'chat.completion.chunk',
      choices: [{ index: 0, delta, logprobs: null, finish_reason: reason }],
    };
    raw.write(`data: ${JSON.stringify(chunk)}\n\n`);
  };
  const pause = async (ms: number): Promise<void> => {
    if (ms > 0) await delay(ms, undefined, { signal: gone.signal });
  };
  try {
    await pause(settings.firstTokenMs);
    send({ role: 'assistant', content: '' }, null);
    for (const content of pieces(text)) {
      await pause(settings.tokensPerSecond > 0 ? 1000 / settings.tokensPerSecond : 0);
      if (gone.signal.aborted) return;
      send({ content }, null);
    }
    send({}, finish);
    if (usage !== null)
      raw.write(
        `data: ${JSON.stringify({ ...about, object: 'chat.completion.chunk', choices: [], usage })}\n\n`,
      );
    raw.end('data: [DONE]\n\n');
  } catch (error) {
    if (!gone.signal.aborted) throw error;
  }
}

function refuse(reply: FastifyReply, { status, ...error }: ApiError): FastifyReply {
  return reply.code(status).send({ error });
}
