/** undici's RetryAgent, which tries twice more, inside a retry of cockatiel, which has it begin anew once. */
import { ConstantBackoff, handleAll, retry } from 'cockatiel';
import { Agent, RetryAgent } from 'undici';
import { serve } from './entry.ts';
import { askOver } from './undici-ask.ts';

const agent = new RetryAgent(new Agent(), {
  maxRetries: 2,
  minTimeout: 40,
  timeoutFactor: 1,
  methods: ['POST'],
});
const again = retry(handleAll, { maxAttempts: 1, backoff: new ConstantBackoff(300) });

serve((key) => again.execute(() => askOver(agent, key)));
