/** undici's RetryAgent. */
import { Agent, RetryAgent } from 'undici';
import { serve, UPSTREAM } from './entry.ts';

const agent = new RetryAgent(new Agent(), {
  maxRetries: 4,
  minTimeout: 40,
  timeoutFactor: 2,
  maxTimeout: 200,
  methods: ['POST'],
});
const { origin } = new URL(UPSTREAM);

serve(async (key) => {
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
});
