/** `postgres_kill`: the server ends the session at a statement, as when an administrator terminates it. */
import { z } from 'zod';
import { definePostgresFault } from '../fault.ts';
import { Message, Sqlstate, usualMessage } from '../sqlstate.ts';

const Attributes = z.strictObject({
  sqlstate: Sqlstate.default('57P01'),
  /** Left out: what PostgreSQL says with this SQLSTATE. */
  message: Message.optional(),
});

export const postgresKill = definePostgresFault<z.infer<typeof Attributes>>({
  type: 'postgres_kill',
  about: 'a FATAL error instead of the statement’s result, then the connection is closed',
  attributes: Attributes,
  on: 'statement',
  act: (_statement, { sqlstate, message = usualMessage(sqlstate) }) => ({
    do: 'terminate',
    sqlstate,
    message,
  }),
});
