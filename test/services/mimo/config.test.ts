/** What the environment says of the chain, the router and MCP, and what is said to a slip in it. */
import { describe, expect, test } from '@jest/globals';
import { ConfigError, readConfig } from '../../../services/mimo/config.ts';
import { forProviders, policyOf } from '../../../services/mimo/policy.ts';

const LEAST = {
  DATABASE_URL: 'postgres://127.0.0.1/x',
  LLM_BASE_URL: 'http://one/v1/',
  OLLAMA_URL: 'http://ollama',
  MIMO_STATE_DIR: '/state',
};
const read = (given: Record<string, string> = {}) => readConfig({ ...LEAST, ...given }, []);

describe('the chain', () => {
  test('has one provider where no other has an address', () => {
    const { llm, router, mcpStdio } = read({ LLM_2_BASE_URL: '' });
    expect(llm).toMatchObject([
      { link: 'llm', baseUrl: 'http://one/v1', apiKey: 'none', promptUsdPerMillion: 0 },
    ]);
    expect([router, mcpStdio]).toEqual([false, false]);
  });

  test('has the others in their order, with keys, models and prices of their own', () => {
    const { llm } = read({
      LLM_MODEL: 'm1',
      LLM_2_BASE_URL: 'http://two/v1',
      LLM_2_API_KEY: 'k2',
      LLM_2_PROMPT_USD_PER_MILLION: '0.5',
      LLM_3_BASE_URL: 'http://three/v1',
      LLM_3_MODEL: 'm3',
    });
    expect(llm).toMatchObject([
      { link: 'llm', model: 'm1', apiKey: 'none' },
      { link: 'llm-2', model: 'm1', apiKey: 'k2', promptUsdPerMillion: 0.5 },
      { link: 'llm-3', model: 'm3', apiKey: 'none' },
    ]);
  });

  test.each([
    [1, 20_000],
    [2, 10_000],
    [3, 6_666],
  ])('of %i shares the deadline out: %i ms for each', (providers, timeoutMs) => {
    expect(forProviders(policyOf('production'), providers).links.llm).toMatchObject({
      timeoutMs,
      deadlineMs: 20_000,
    });
  });
});

describe('a slip', () => {
  test.each([
    [
      { LLM_3_BASE_URL: 'http://three/v1' },
      'LLM_2_BASE_URL must be set before LLM_3_BASE_URL can be; it is not set.',
    ],
    [
      { LLM_2_BASE_URL: 'two' },
      'LLM_2_BASE_URL must be an http:// or https:// URL, such as http://127.0.0.1:1234; it is not.',
    ],
    [
      { LLM_PROMPT_USD_PER_MILLION: '-1' },
      'LLM_PROMPT_USD_PER_MILLION must be a price in US dollars per million tokens; got "-1".',
    ],
    [{ MIMO_ROUTER: 'yes' }, 'MIMO_ROUTER must be 0 or 1; got "yes".'],
    [{ MIMO_MCP_STDIO: 'yes' }, 'MIMO_MCP_STDIO must be 0 or 1; got "yes".'],
    [
      { MIMO_CLASSIFIER_CACHE_ENTRIES_MAX: '-1' },
      'MIMO_CLASSIFIER_CACHE_ENTRIES_MAX must be a whole number from 0 to 1000000; got "-1".',
    ],
    [
      { MIMO_CLASSIFIER_CACHE_TTL_MS: '0' },
      'MIMO_CLASSIFIER_CACHE_TTL_MS must be a whole number from 1 to 86400000; got "0".',
    ],
  ])('%j is told in a sentence', (given, sentence) => {
    expect(() => read(given as Record<string, string>)).toThrow(new ConfigError(sentence));
  });
});
