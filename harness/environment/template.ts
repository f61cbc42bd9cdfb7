/** Fills `{{name}}` in the strings of a config; an unknown name is the user's slip and is said so. */
import { UsageError } from '../model/errors.ts';
import { nearest } from '../model/validate.ts';

/** @throws UsageError that names the unknown placeholder and where it stands. */
export function fill(text: string, values: Readonly<Record<string, string>>, where: string): string {
  return text.replaceAll(/\{\{\s*([^}]*?)\s*\}\}/g, (_whole, name: string) => {
    const value = values[name];
    if (value !== undefined) return value;
    const variable = /^env\.(\w+)$/.exec(name)?.[1];
    if (variable !== undefined) {
      const told = process.env[variable];
      if (told !== undefined) return told;
      throw new UsageError(`${where}: {{${name}}}: the variable ${variable} is not set`);
    }
    const near = nearest(name, Object.keys(values));
    throw new UsageError(
      `${where}: unknown placeholder {{${name}}}; ${near === undefined ? `known: ${Object.keys(values).join(', ')}` : `did you mean {{${near}}}?`}`,
    );
  });
}

/** Fills every value of a record. */
export function fillAll(
  record: Readonly<Record<string, string>>,
  values: Readonly<Record<string, string>>,
  where: string,
): Record<string, string> {
  return Object.fromEntries(
    Object.entries(record).map(([key, text]) => [key, fill(text, values, `${where}.${key}`)]),
  );
}
