import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect, test } from '@jest/globals';
import { z } from 'zod';
import { POSTGRES_FAULTS } from '../../../harness/link/postgres/registry.ts';

const REFERENCE = path.resolve(import.meta.dirname, '../../../docs/faults-postgres.md');

test.each([...POSTGRES_FAULTS.values()])(
  'the reference has a row for $type with every attribute',
  async (kind) => {
    const row = (await readFile(REFERENCE, 'utf8'))
      .split('\n')
      .find((line) => line.startsWith(`| \`${kind.type}\``));
    const { properties = {} } = z.toJSONSchema(kind.attributes, { io: 'input' });
    expect(row).toBeDefined();
    for (const name of Object.keys(properties)) expect(row).toContain(`\`${name}\``);
    expect(kind.type).toMatch(/^postgres_[a-z]+$/);
  },
);
