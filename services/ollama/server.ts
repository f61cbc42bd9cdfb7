/** A stand-in for Ollama's embedding API: its paths, shapes and error texts, with deterministic vectors. */
import { createHash } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { type FastifyInstance, type FastifyReply, fastify } from 'fastify';
import { z } from 'zod';
import { WITHOUT_SCHEMAS } from '../without-schemas.ts';
import { DIMENSIONS, embed } from './vector.ts';

/** Models it knows; all give vectors of 768 numbers here (the real qwen3-embedding gives 1024). */
export const OLLAMA_MODELS = ['nomic-embed-text', 'qwen3-embedding:0.6b'];

/** Version it says it is: one whose /api/embed has the shape served here. */
const VERSION = '0.6.4';

const Embed = z.looseObject({
  model: z.string().min(1),
  input: z.union([z.string(), z.array(z.string())]).optional(),
  dimensions: z.int().min(1).max(DIMENSIONS).optional(),
});
const Embeddings = z.looseObject({ model: z.string().min(1), prompt: z.string().default('') });
const Show = z.looseObject({ model: z.string().optional(), name: z.string().optional() });

const NS_PER_MS = 1e6;

/** How the stand-in behaves; see main.ts for the variable. */
export interface OllamaOptions {
  models: readonly string[];
  /**
   * Time in which a model is loaded, in ms. It is, at the first call for it; who calls meanwhile waits as well. The
   * real one reads gigabytes then. It gives a loading up when its first caller goes; this one does not.
   */
  loadMs: number;
}

export function buildOllama({
  models = OLLAMA_MODELS,
  loadMs = 0,
}: Partial<OllamaOptions> = {}): FastifyInstance {
  const loading = new Map<string, Promise<void>>();
  const loaded = (model: string): Promise<void> => {
    const load = loading.get(model) ?? (loadMs > 0 ? delay(loadMs) : Promise.resolve());
    loading.set(model, load);
    return load;
  };
  const app = fastify({
    ...WITHOUT_SCHEMAS,
    logger: false,
    forceCloseConnections: true,
    bodyLimit: 16 * 1024 * 1024,
  });
  // Ollama reads JSON whatever the content type says.
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', { parseAs: 'string' }, (_request, text, done) => done(null, text));
  app.setNotFoundHandler((_request, reply) => reply.code(404).type('text/plain').send('404 page not found'));

  app.get('/', (_request, reply) => reply.type('text/plain').send('Ollama is running'));
  app.get('/api/version', () => ({ version: VERSION }));
  app.get('/api/tags', () => ({ models: models.map(describe) }));

  app.post('/api/embed', async (request, reply) => {
    const startMs = performance.now();
    const body = read(Embed, request.body, reply);
    if (body === null) return reply;
    const model = find(body.model, reply);
    if (model === null) return reply;
    await loaded(model);
    const loadNs = Math.round((performance.now() - startMs) * NS_PER_MS);
    const inputs = [body.input ?? []].flat();
    const embeddings = inputs.map((text) => shorten(embed(model, text), body.dimensions));
    const totalNs = Math.round((performance.now() - startMs) * NS_PER_MS);
    const words = inputs.reduce((sum, text) => sum + text.split(/\s+/).length, 0);
    return {
      model: body.model,
      embeddings,
      total_duration: totalNs,
      load_duration: loadNs,
      prompt_eval_count: words,
    };
  });

  app.post('/api/embeddings', async (request, reply) => {
    const body = read(Embeddings, request.body, reply);
    if (body === null) return reply;
    const model = find(body.model, reply);
    if (model === null) return reply;
    await loaded(model);
    return { embedding: body.prompt === '' ? [] : embed(model, body.prompt) };
  });

  app.post('/api/show', (request, reply) => {
    const body = read(Show, request.body, reply);
    if (body === null) return reply;
    const model = find(body.model ?? body.name ?? '', reply);
    if (model === null) return reply;
    return {
      details: describe(model).details,
      model_info: { 'general.architecture': 'stand-in', 'stand-in.embedding_length': DIMENSIONS },
      capabilities: ['embedding'],
    };
  });
  return app;

  /** Ollama takes `name` for `name:latest`. */
  function find(name: string, reply: FastifyReply): string | null {
    const model = models.find((known) => known === name || `${known}:latest` === name);
    if (model === undefined)
      void reply.code(404).send({ error: `model "${name}" not found, try pulling it first` });
    return model ?? null;
  }
}

function read<S extends z.ZodType>(schema: S, body: unknown, reply: FastifyReply): z.output<S> | null {
  let value: unknown;
  try {
    value = JSON.parse(typeof body === 'string' ? body : '');
  } catch (error) {
    void reply.code(400).send({ error: error instanceof Error ? error.message : 'invalid JSON' });
    return null;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  void reply.code(400).send({ error: `${issue?.path.join('.')}: ${issue?.message}` });
  return null;
}

/** The first so many numbers, normalised again: what a model trained for it (Matryoshka) does. */
function shorten(vector: number[], dimensions: number | undefined): number[] {
  if (dimensions === undefined || dimensions >= vector.length) return vector;
  const head = vector.slice(0, dimensions);
  const norm = Math.hypot(...head);
  return head.map((x) => x / norm);
}

function describe(name: string) {
  const tagged = name.includes(':') ? name : `${name}:latest`;
  return {
    name: tagged,
    model: tagged,
    modified_at: '2025-01-01T00:00:00Z',
    size: 0,
    digest: createHash('sha256').update(name).digest('hex'),
    details: {
      parent_model: '',
      format: 'gguf',
      family: 'stand-in',
      families: ['stand-in'],
      parameter_size: '0',
      quantization_level: 'F32',
    },
  };
}
