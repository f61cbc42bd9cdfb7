/** `postgres_refuse`: the server turns the session away at its start-up, as when it is full or starting. */
import { z } from 'zod';
import { definePostgresFault } from '../fault.ts';
import { Message, Sqlstate, usualMessage } from '../sqlstate.ts';

const Attributes = z.strictObject({
  /** Such as 53300 (full), 57P03 (starting up or in recovery), 57P01 (shutting down). */
  sqlstate: Sqlstate.default('53300'),
  /** Left out: what PostgreSQL says with this SQLSTATE. */
  message: Message.optional(),
});

export const postgresRefuse = definePostgresFault<z.infer<typeof Attributes>>({
  type: 'postgres_refuse',
  about: 'a new session is refused with the given SQLSTATE; the server never sees it',
  attributes: Attributes,
  on: 'startup',
  act: (_startup, { sqlstate, message = usualMessage(sqlstate) }) => ({ do: 'terminate', sqlstate, message }),
});
