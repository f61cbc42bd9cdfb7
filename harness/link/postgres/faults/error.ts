/** `postgres_error`: the statement fails with an SQLSTATE of our choice, and so does its transaction. */
import { z } from 'zod';
import { definePostgresFault } from '../fault.ts';
import { Message, Sqlstate } from '../sqlstate.ts';

const Attributes = z.strictObject({
  sqlstate: Sqlstate,
  message: Message.default('injected by tripcurve'),
});

export const postgresError = definePostgresFault<z.infer<typeof Attributes>>({
  type: 'postgres_error',
  about: 'the statement fails with the given SQLSTATE, and so does its transaction',
  attributes: Attributes,
  on: 'statement',
  act: (_statement, { sqlstate, message }) => ({ do: 'fail', sqlstate, message }),
});
