/** `postgres_error`: the statement fails with an SQLSTATE of our choice, and so does its transaction. */
import { z } from 'zod';
import { definePostgresFault } from '../fault.ts';

const Attributes = z.strictObject({
  /** Five letters or digits, such as 40001 (PostgreSQL docs, appendix A). */
  sqlstate: z.string().regex(/^[0-9A-Z]{5}$/, 'must be five digits or capital letters, such as 40001'),
  message: z.string().default('injected by tripcurve'),
});

export const postgresError = definePostgresFault<z.infer<typeof Attributes>>({
  type: 'postgres_error',
  about: 'the statement fails with the given SQLSTATE, and so does its transaction',
  attributes: Attributes,
  on: 'statement',
  act: (_statement, { sqlstate, message }) => ({ do: 'fail', sqlstate, message }),
});
