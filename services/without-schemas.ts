/** Requests are checked with zod, and no route has a JSON schema: without its compilers Fastify starts a third sooner. */
import type { FastifyServerOptions } from 'fastify';

function none(): never {
  throw new Error('routes here have no JSON schemas');
}

export const WITHOUT_SCHEMAS = {
  schemaController: { compilersFactory: { buildValidator: none, buildSerializer: none } },
} satisfies FastifyServerOptions;
