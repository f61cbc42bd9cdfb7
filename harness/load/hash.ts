/** Hash of a text, as events hold it: enough to tell texts of one run apart, and nothing of what they say. */
import { createHash } from 'node:crypto';

export const HASH_DIGITS = 16;

export function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, HASH_DIGITS);
}
