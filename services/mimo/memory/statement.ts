/**
 * A statement as the database module takes it: SQL with a name and with what its plan must use. The
 * statements of a store stand together in one file, so that each can be explained and none is forgotten.
 */

export interface Statement {
  readonly name: string;
  readonly sql: string;
  /** Its plan must use at least one of these; or the reason why it reads a table from end to end. */
  readonly plan: { readonly usesOneOf: readonly string[] } | { readonly scansBecause: string };
}

/** Gives each statement the name of its key. */
export function named<K extends string>(
  statements: Readonly<Record<K, Omit<Statement, 'name'>>>,
): Readonly<Record<K, Statement>> {
  const entries = Object.entries<Omit<Statement, 'name'>>(statements);
  return Object.fromEntries(entries.map(([name, rest]) => [name, { name, ...rest }])) as Record<K, Statement>;
}
