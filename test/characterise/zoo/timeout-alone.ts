/** A timeout, and nothing else. */
import { serve } from './entry.ts';
import { askUpstream } from './upstream.ts';

serve((key) => askUpstream(key, AbortSignal.timeout(300)));
