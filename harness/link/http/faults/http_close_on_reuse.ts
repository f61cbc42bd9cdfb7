/**
 * `http_close_on_reuse`: a connection is good for one request; on the next it is closed, as by a server
 * whose keep-alive time has just run out.
 */
import { z } from 'zod';
import { defineHttpFault } from '../fault.ts';

const Attributes = z.strictObject({
  /** A server that has closed its socket answers what still comes with RST. */
  how: z.enum(['fin', 'rst']).default('rst'),
});

export const httpCloseOnReuse = defineHttpFault<z.infer<typeof Attributes>>({
  type: 'http_close_on_reuse',
  about: 'a kept-alive connection is closed when another request comes on it; first requests pass',
  attributes: Attributes,
  act: ({ onConnection }, { how }) => (onConnection === 1 ? { do: 'pass' } : { do: 'close', how }),
});
