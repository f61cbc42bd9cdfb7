/** undici's RetryAgent. */
import { Agent, RetryAgent } from 'undici';
import { serve } from './entry.ts';
import { askOver } from './undici-ask.ts';

const agent = new RetryAgent(new Agent(), {
  maxRetries: 4,
  minTimeout: 40,
  timeoutFactor: 2,
  maxTimeout: 200,
  methods: ['POST'],
});

serve((key) => askOver(agent, key));
