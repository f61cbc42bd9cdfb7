/** `audit`: numbers that an audit read straight from the dependencies after recovery. */
import { z } from 'zod';
import { eventsOf } from '../model/history.ts';
import { defineChecker, fails, holds, inconclusive } from './checker.ts';

const Params = z.strictObject({
  name: z.string(),
  /** Fields that must have exactly this value. */
  equals: z.record(z.string(), z.number()),
  /** Fields that must be at least this, else the audit saw too little to prove anything. */
  atLeast: z.record(z.string(), z.number()).default({}),
});

export const audit = defineChecker<z.infer<typeof Params>>({
  name: 'audit',
  about: 'numbers read straight from the dependencies after recovery, around target and links',
  params: Params,
  audits: ({ name }) => [name],
  judge(history, { name, equals, atLeast }) {
    const event = eventsOf(history, 'audit').findLast((candidate) => candidate.name === name);
    if (event === undefined) return inconclusive(`no audit "${name}" was taken`);
    if (event.result === null)
      return inconclusive(`the audit "${name}" failed: ${event.error ?? 'without a reason'}`, {}, [event]);
    const { result } = event;
    const read = (field: string): number => (typeof result[field] === 'number' ? result[field] : Number.NaN);
    const fields = [...Object.keys(equals), ...Object.keys(atLeast)];
    const numbers = Object.fromEntries(
      fields.map((field) => [field, [read(field), field] as [number, string]]),
    );
    const told = fields.map((field) => `${read(field)} ${field}`).join(', ');
    const wrong = Object.entries(equals).filter(([field, value]) => read(field) !== value);
    if (wrong.length > 0) {
      const expected = wrong.map(([field, value]) => `${field} must be ${value}`).join(', ');
      return fails(`${name}: ${told}; ${expected}`, numbers, [event]);
    }
    const vacuous = Object.entries(atLeast).filter(([field, value]) => !(read(field) >= value));
    if (vacuous.length > 0) {
      const needed = vacuous.map(([field, value]) => `at least ${value} ${field}`).join(', ');
      return inconclusive(`${name}: ${told}; it takes ${needed} to prove anything`, numbers, [event]);
    }
    return holds(`${name}: ${told}`, numbers, [event]);
  },
});
