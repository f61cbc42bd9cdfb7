/** The policy as a file, its schema as it is published, and the limits as variables. */
import { readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../../services/mimo/config.ts';
import { LIMITS_DEFAULT } from '../../../services/mimo/limits.ts';
import { policyOf } from '../../../services/mimo/policy.ts';
import { POLICY_SCHEMA_FILE, policySchemaText } from '../../../services/mimo/policy-file.ts';
import { REPOSITORY } from '../../support/workshop.ts';
import { temporaryFolder } from './stage.ts';

const NEEDED = {
  DATABASE_URL: 'postgres://127.0.0.1:1/x',
  LLM_BASE_URL: 'http://127.0.0.1:1',
  OLLAMA_URL: 'http://127.0.0.1:1',
  MIMO_STATE_DIR: '/nowhere',
};

async function configWith(policy: string) {
  await using folder = await temporaryFolder();
  const file = path.join(folder.path, 'policy.json');
  await writeFile(file, policy);
  return readConfig({ ...NEEDED, MIMO_POLICY_FILE: file }, []);
}

describe('the policy', () => {
  test('has its schema published as it is (node services/mimo/policy-file.ts)', async () => {
    expect(await readFile(path.join(REPOSITORY, POLICY_SCHEMA_FILE), 'utf8')).toBe(policySchemaText());
  });

  test('can come from a file, and holds in place of the profile', async () => {
    const policy = structuredClone(policyOf('fast'));
    policy.links.llm.timeoutMs = 123;
    const config = await configWith(JSON.stringify(policy));
    expect([config.policy, config.profile]).toEqual([policy, 'fast']);
  });

  test.each([
    ['{', /^MIMO_POLICY_FILE: .*policy\.json cannot be read as JSON: /],
    ['{}', /^MIMO_POLICY_FILE: .*policy\.json: profile: .*mimo-policy\.schema\.json\)\.$/],
    [JSON.stringify({ ...policyOf('fast'), requestDeadlineMs: -1 }), /policy\.json: requestDeadlineMs: .*>0/],
    [JSON.stringify({ ...policyOf('fast'), retires: 3 }), /policy\.json: the policy: .*"retires"/],
  ])('refuses %s in one sentence', async (text, says) => {
    await expect(configWith(text)).rejects.toThrow(says);
  });

  test('a file that is not there is told by its name', () => {
    expect(() => readConfig({ ...NEEDED, MIMO_POLICY_FILE: '/no/such.json' }, [])).toThrow(
      /^MIMO_POLICY_FILE: \/no\/such\.json cannot be read as JSON: (Error: )?ENOENT/,
    );
  });
});

describe('the limits', () => {
  test('have defaults, and variables that change them', () => {
    expect(readConfig(NEEDED, []).limits).toEqual(LIMITS_DEFAULT);
    const changed = readConfig(
      { ...NEEDED, MIMO_BODY_BYTES_MAX: '2048', MIMO_RATE_LIMIT_REQUESTS: '60' },
      [],
    );
    expect(changed.limits).toMatchObject({ bodyBytesMax: 2_048, rateLimit: { requests: 60 } });
  });

  test.each([
    ['MIMO_BODY_BYTES_MAX', '0', 'must be a whole number from 1024 to 67108864; got "0".'],
    ['MIMO_REQUESTS_IN_FLIGHT_MAX', 'many', 'must be a whole number from 1 to 100000; got "many".'],
    ['MIMO_VECTOR_INDEX_ENTRIES_MAX', '1.5', 'must be a whole number from 1 to 1000000; got "1.5".'],
    ['MIMO_MONITOR_INTERVAL_MS', '1', 'must be a whole number of ms from 10 to 600000; got "1".'],
    ['MIMO_MONITOR_HYSTERESIS', '2', 'must be a number from 0 to 0.9; got "2".'],
    ['MIMO_RSS_BYTES_WARN', '-5', 'must be a number above 0; got "-5".'],
  ])('%s=%s is refused in one sentence', (variable, value, says) => {
    expect(() => readConfig({ ...NEEDED, [variable]: value }, [])).toThrow(`${variable} ${says}`);
  });
});
