/** `postgres_sessions`: the server has room for so many sessions on this link, and refuses what is beyond. */
import { z } from 'zod';
import { definePostgresFault } from '../fault.ts';
import { usualMessage } from '../sqlstate.ts';

const TOO_MANY_CONNECTIONS = '53300';

const Attributes = z.strictObject({
  /** Sessions that may live at once. Those that live when the fault comes stay. */
  max: z.int().min(0),
});

export const postgresSessions = definePostgresFault<z.infer<typeof Attributes>>({
  type: 'postgres_sessions',
  about: 'a new session beyond so many on the link is refused with 53300',
  attributes: Attributes,
  on: 'startup',
  act: ({ sessions }, { max }) =>
    sessions <= max
      ? { do: 'pass' }
      : { do: 'terminate', sqlstate: TOO_MANY_CONNECTIONS, message: usualMessage(TOO_MANY_CONNECTIONS) },
});
