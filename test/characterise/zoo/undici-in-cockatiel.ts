/** undici's RetryAgent, which tries twice more, inside a retry of cockatiel, which has it begin anew once. */
import { ConstantBackoff, handleAll, retry } from 'cockatiel';
import { Agent, RetryAgent } from 'undici';
import { serve, UPSTREAM } from './entry.ts';

const agent = new RetryAgent(new Agent(), {
  maxRetries: 2,
  minTimeout: 40,
  timeoutFactor: 1,
  methods: ['POST'],
});
const again = retry(handleAll, { maxAttempts: 1, backoff: new ConstantBackoff(300) });
const { origin } = new URL(UPSTREAM);

serve((key) =>
  again.execute(async () => {
    const { statusCode, body } = await agent.request({
      origin,
      path: '/work',
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ key }),
    });
    const text = await body.text();
    if (statusCode >= 400) throw new Error(`status ${statusCode}`);
    JSON.parse(text);
    return 'live';
  }),
);
