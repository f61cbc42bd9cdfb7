/** SQLSTATEs as faults take them (PostgreSQL docs, appendix A), and what the server says with some of them. */
import { z } from 'zod';

/** Five letters or digits, such as 40001. */
export const Sqlstate = z
  .string()
  .regex(/^[0-9A-Z]{5}$/, 'must be five digits or capital letters, such as 40001');

/** Text of an error. ASCII, because what other bytes mean is for each session's encoding to say. */
export const Message = z.string().regex(/^[\x20-\x7e]*$/, 'must be printable ASCII on one line');

/** PostgreSQL's own words where it refuses or ends a session: some clients go by them. */
const SAID: Readonly<Record<string, string>> = {
  '53300': 'sorry, too many clients already',
  '57P01': 'terminating connection due to administrator command',
  '57P02': 'terminating connection because of crash of another server process',
  '57P03': 'the database system is starting up',
  '57P05': 'terminating connection due to idle-session timeout',
  '25P03': 'terminating connection due to idle-in-transaction timeout',
};

export function usualMessage(sqlstate: string): string {
  return SAID[sqlstate] ?? 'injected by tripcurve';
}
