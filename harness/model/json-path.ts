/** Reads a JSON value by a path of field names and indexes, such as `data.0.text`. */

/** What stands there; undefined where there is nothing. */
export function valueAt(value: unknown, path: string): unknown {
  let at: unknown = value;
  for (const step of path.split('.')) {
    if (at === null || typeof at !== 'object' || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

/** The same as a word: a text, number or truth value; null where there is none. */
export function wordAt(value: unknown, path: string): string | null {
  const found = valueAt(value, path);
  return found === undefined || found === null || typeof found === 'object' ? null : String(found);
}
