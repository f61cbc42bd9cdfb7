/** What is said of HTTP faults: of attributes that will not do, and in docs/faults.md. */
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import type { z } from 'zod';
import { HTTP_FAULTS } from '../../../harness/link/http/registry.ts';
import { httpFault } from '../../support/faulty.ts';

test.each<[string, Record<string, unknown>, string]>([
  ['http_status', { status: 200 }, 'attributes: status must be at least 400, got 200'],
  [
    'http_status',
    { status: 500, shape: 'gemini' },
    'attributes: shape must be one of "openai", "openrouter", "anthropic", "ollama", got "gemini"',
  ],
  [
    'http_status',
    { status: 500, headers: { a: 'b\r\nc: d' } },
    'attributes: headers.a: a header value is printable ASCII in one line, got "b\\r\\nc: d"',
  ],
  ['http_slow_first_byte', {}, 'attributes: delay_ms must be a number, got nothing'],
  ['http_slow_first_byte', { delay: 5 }, 'attributes: delay_ms must be a number, got nothing'],
  [
    'http_slow_first_byte',
    { delay_ms: 5, delay_m: 5 },
    'attributes: unknown key "delay_m"; did you mean "delay_ms"?',
  ],
  ['http_hang_after_headers', { ms: 5 }, 'attributes: unknown key "ms"'],
  ['http_close_on_reuse', { how: 'gently' }, 'attributes: how must be one of "fin", "rst", got "gently"'],
  ['http_huge_body', { bytes: 2e9 }, 'attributes: bytes must be at most 1073741824, got 2000000000'],
  ['http_body_cut', { bytes: -1 }, 'attributes: bytes must be at least 0, got -1'],
  ['llm_rate_limit', { requests: 0 }, 'attributes: requests must be at least 1, got 0'],
  ['llm_slow_tokens', { tokens_per_second: 0 }, 'attributes: tokens_per_second must be above 0, got 0'],
  ['llm_stream_cut', { tokens: 1.5 }, 'attributes: tokens must be an int, got 1.5'],
  [
    'llm_finish',
    { reason: 'stop' },
    'attributes: reason must be one of "content_filter", "length", got "stop"',
  ],
  [
    'embedding_wrong',
    { how: 'zeros', dimension: 3 },
    'attributes: dimension: it goes with how: "dimension" only, got 3',
  ],
])('%s with %j says in one sentence what is wrong', (type, attributes, sentence) => {
  expect(() => httpFault({ type, attributes })).toThrow(`test: ${sentence}`);
});

describe('docs/faults.md', () => {
  /** An attribute with its default, as the reference writes it. */
  const attributesOf = (attributes: z.ZodType): { name: string; fallback: unknown }[] =>
    Object.entries((attributes as z.ZodObject).shape).map(([name, schema]) => ({
      name,
      fallback: (schema.def as { defaultValue?: unknown }).defaultValue,
    }));

  test('has a row for each type, with what the target sees, every attribute and its default', async () => {
    const rows = (await readFile(new URL('../../../docs/faults.md', import.meta.url), 'utf8'))
      .split('\n')
      .filter((line) => line.startsWith('| `'));
    const byType = new Map(rows.map((row) => [/^\| `([a-z0-9_]+)`/.exec(row)?.[1] ?? '', row]));
    for (const { type, about, attributes } of HTTP_FAULTS.values()) {
      const row = byType.get(type);
      expect(row ?? `no row for ${type}`).toContain(about);
      for (const { name, fallback } of attributesOf(attributes)) {
        expect(row).toContain(`\`${name}\``);
        if (fallback !== undefined)
          expect(row).toMatch(new RegExp(`\`${name}\`[^\`]*\\(${String(fallback)}\\)`));
      }
    }
    const documented = [...byType.keys()].filter((type) => /^(http|llm|embedding)_/.test(type));
    expect(documented).toEqual([...HTTP_FAULTS.keys()]);
  });
});
