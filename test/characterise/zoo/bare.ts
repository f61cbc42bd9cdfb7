/** No policy at all. */
import { serve } from './entry.ts';
import { askUpstream } from './upstream.ts';

serve((key) => askUpstream(key));
