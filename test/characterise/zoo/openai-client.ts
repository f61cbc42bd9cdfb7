/** The openai client as it comes, with its own retries and a short timeout. */
import OpenAI from 'openai';
import { serve, UPSTREAM } from './entry.ts';

const client = new OpenAI({ apiKey: 'none', baseURL: `${UPSTREAM}/v1`, timeout: 300, maxRetries: 2 });

serve(async (key) => {
  await client.chat.completions.create({ model: 'zoo', messages: [{ role: 'user', content: key }] });
  return 'live';
});
