/**
 * Turns a schema's complaint into one sentence a person can act on: where, which field, what was
 * expected, what was found, and the nearest known name for an unknown key.
 */
import type { z } from 'zod';
import { UsageError } from './errors.ts';

/**
 * Parses `value` with `schema`; `where` names the file or argument in the message.
 * @throws UsageError with one sentence per first complaint.
 */
export function validate<S extends z.ZodType>(schema: S, value: unknown, where: string): z.output<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = deepest(parsed.error.issues);
  if (issue === undefined) throw new UsageError(`${where}: not valid`);
  throw new UsageError(`${where}: ${complaint(issue, value, schema)}`);
}

type Issue = z.core.$ZodIssue;

/** Of a union's branches, the complaint that got furthest into the value is the one meant. */
function deepest(issues: readonly Issue[], prefix: readonly PropertyKey[] = []): Issue | undefined {
  let best: Issue | undefined;
  for (const issue of issues) {
    const path = [...prefix, ...issue.path];
    let candidate: Issue | undefined = { ...issue, path };
    if (issue.code === 'invalid_union' && issue.errors.length > 0) {
      const branches = issue.errors
        .map((branch) => deepest(branch, path))
        .filter((found) => found !== undefined);
      candidate = branches.sort((a, b) => b.path.length - a.path.length)[0] ?? candidate;
    }
    if (best === undefined || (candidate !== undefined && candidate.path.length > best.path.length))
      best = candidate;
  }
  return best;
}

function complaint(issue: Issue, root: unknown, schema: z.ZodType): string {
  const field = issue.path.length === 0 ? 'it' : pathText(issue.path);
  const found = describeValue(at(root, issue.path));
  switch (issue.code) {
    case 'unrecognized_keys': {
      const key = issue.keys[0] ?? '';
      const near = nearest(key, keysAt(schema, issue.path));
      const inside = issue.path.length === 0 ? '' : ` in ${field}`;
      return `unknown key "${key}"${inside}${near === undefined ? '' : `; did you mean "${near}"?`}`;
    }
    case 'too_small': {
      const unit = issue.inclusive === false ? 'above' : 'at least';
      return `${field} must be ${unit} ${issue.minimum}${countWord(issue.origin)}, got ${found}`;
    }
    case 'too_big': {
      const unit = issue.inclusive === false ? 'below' : 'at most';
      return `${field} must be ${unit} ${issue.maximum}${countWord(issue.origin)}, got ${found}`;
    }
    case 'invalid_value':
      return `${field} must be one of ${issue.values.map((v) => JSON.stringify(v)).join(', ')}, got ${found}`;
    case 'invalid_type':
      return `${field} must be ${article(issue.expected)}, got ${found}`;
    default:
      return `${field}: ${issue.message}, got ${found}`;
  }
}

function countWord(origin: string): string {
  if (origin === 'array') return ' entries';
  if (origin === 'string') return ' characters';
  return '';
}

function article(expected: string): string {
  return /^[aeiou]/.test(expected) ? `an ${expected}` : `a ${expected}`;
}

/** `['timeline', 0, 'inject', 'type']` as `timeline[0].inject.type`. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? String(part) : `.${String(part)}`;
  }
  return text;
}

function at(root: unknown, path: readonly PropertyKey[]): unknown {
  let value = root;
  for (const part of path) {
    if (value === null || typeof value !== 'object') return undefined;
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}

function describeValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'function' ? 'a function' : (JSON.stringify(value) ?? String(value));
  return text.length > 80 ? `${text.slice(0, 77)}...` : text;
}

/** The keys an object schema knows at `path`, as far as they can be told; for "did you mean". */
function keysAt(schema: z.ZodType, path: readonly PropertyKey[]): string[] {
  type Inner = {
    shape?: Record<string, z.ZodType>;
    innerType?: z.ZodType;
    element?: z.ZodType;
    options?: z.ZodType[];
  };
  let nodes: z.ZodType[] = [schema];
  const unwrap = (node: z.ZodType): z.ZodType[] => {
    const def = node.def as Inner & { type: string };
    if (def.innerType !== undefined) return unwrap(def.innerType);
    if (def.options !== undefined) return def.options.flatMap(unwrap);
    return [node];
  };
  for (const part of path) {
    nodes = nodes.flatMap(unwrap).flatMap((node) => {
      const def = node.def as Inner;
      const next = typeof part === 'number' ? def.element : def.shape?.[String(part)];
      return next === undefined ? [] : [next];
    });
  }
  return nodes.flatMap(unwrap).flatMap((node) => Object.keys((node.def as Inner).shape ?? {}));
}

/** The known name closest to `name`, when it is close enough to be a slip (a third of its letters or fewer). */
export function nearest(name: string, known: readonly string[]): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const candidate of known) {
    const distance = editDistance(name.toLowerCase(), candidate.toLowerCase());
    if (best === undefined || distance < best.distance) best = { name: candidate, distance };
  }
  const limit = Math.max(2, Math.floor(name.length / 3));
  return best !== undefined && best.distance <= limit ? best.name : undefined;
}

/** Levenshtein distance (insert, delete, replace), by the usual two-row table. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const current = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (previous[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[j] ?? 0) + 1, (current[j - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
