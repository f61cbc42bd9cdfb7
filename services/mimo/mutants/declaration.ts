/** How a mutant is declared: plain data for the config, so nothing is imported. */
interface Expected {
  readonly scenario: string;
  readonly check: string;
  readonly link?: string;
  readonly says: string;
}

export interface DeclaredMutant {
  readonly name: string;
  readonly origin: string;
  readonly expected: Expected[];
}

/** A finding: by which scenario and check, about which link (null: none), in which words (a regular expression). */
export function by(scenario: string, check: string, link: string | null, says: string): Expected {
  return { scenario, check, ...(link === null ? {} : { link }), says };
}

/** A mutant: its name, its origin in one line, and findings any of which is a catch. */
export function mutant(name: string, origin: string, ...expected: Expected[]): DeclaredMutant {
  return { name, origin, expected };
}
