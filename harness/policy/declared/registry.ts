/** Every declaration that can be read. To add one: an adapter beside this file, and a line here. */
import { UsageError } from '../../model/errors.ts';
import type { Adapter, Declared } from './declared.ts';
import { cockatiel, opossum, polly, resilience4j } from './libraries.ts';
import { tripcurve } from './tripcurve.ts';

const ADAPTERS: readonly Adapter[] = [tripcurve, opossum, cockatiel, resilience4j, polly];
export const FORMATS = ADAPTERS.map(({ name }) => name);

/**
 * Reads a declaration: a document of one link's policy, or one with `links` (as /resilience serves it) or with the
 * link's name as a key.
 * @param format left out: told by its keys
 * @throws UsageError where nobody knows it
 */
export function readDeclaration(document: unknown, link: string, where: string, format?: string): Declared {
  const found = ofLink(document, link, where);
  const adapter = ADAPTERS.find(({ name, recognises }) =>
    format === undefined ? recognises(found) : name === format,
  );
  if (adapter === undefined)
    throw new UsageError(`${where}: no known kind of policy; give --format (${FORMATS.join(', ')})`);
  return adapter.read(found);
}

function ofLink(document: unknown, link: string, where: string): Record<string, unknown> {
  if (!isRecord(document)) throw new UsageError(`${where}: a policy is a JSON object`);
  const { links } = document;
  const holder = isRecord(links) ? links : document;
  const entry = holder[link];
  if (!isRecord(entry)) {
    if (holder === links)
      throw new UsageError(`${where}: has no link "${link}", only ${Object.keys(links).join(', ')}`);
    return document;
  }
  return isRecord(entry.policy) ? entry.policy : entry;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
