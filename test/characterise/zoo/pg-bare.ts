/** A pool and transactions on PostgreSQL, and no policy at all. */
import { serve } from './entry.ts';
import { workWith } from './pg-work.ts';

const work = workWith({});

serve((key) => work.transact(key));
