/**
 * A policy from a file (MIMO_POLICY_FILE) in place of a built-in profile, and the JSON Schema it is
 * checked against. `node services/mimo/policy-file.ts` writes that schema to docs/schema.
 */
import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import path from 'node:path';
import { z } from 'zod';
import { Policy } from './policy.ts';

/** Where the schema is published, from the root of the project. */
export const POLICY_SCHEMA_FILE = 'docs/schema/mimo-policy.schema.json';

/** @throws Error with one sentence: the file, the place in it, what is wrong there. */
export function readPolicyFile(file: string): Policy {
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(file, 'utf8'));
  } catch (error) {
    throw new Error(`${file} cannot be read as JSON: ${error instanceof Error ? error.message : error}`);
  }
  const parsed = Policy.safeParse(content);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const place = issue?.path.join('.') || 'the policy';
  throw new Error(`${file}: ${place}: ${issue?.message ?? 'is wrong'} (see ${POLICY_SCHEMA_FILE})`);
}

/** The schema as it is published. */
export function policySchemaText(): string {
  return `${JSON.stringify(z.toJSONSchema(Policy, { io: 'input' }), null, 2)}\n`;
}

if (import.meta.main) {
  await writeFile(path.join(import.meta.dirname, '../..', POLICY_SCHEMA_FILE), policySchemaText());
  process.stdout.write(`${POLICY_SCHEMA_FILE}\n`);
}
