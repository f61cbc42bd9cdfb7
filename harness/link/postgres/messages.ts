/** Messages of PostgreSQL's protocol 3 as bytes: what we read out of them, and those we make ourselves. */

/** The zero-terminated string at `from`; cut short where the message was. */
export function text(kept: Buffer, from: number): string {
  const zero = kept.indexOf(0, from);
  return kept.toString('utf8', from, zero === -1 ? kept.length : zero);
}

/** One field of an ErrorResponse: a letter and a zero-terminated string each. */
export function field(kept: Buffer, letter: string): string | null {
  let at = 0;
  while (at < kept.length && kept[at] !== 0) {
    const value = text(kept, at + 1);
    if (String.fromCharCode(kept[at] ?? 0) === letter) return value;
    at += 1 + Buffer.byteLength(value) + 1;
  }
  return null;
}

/** Whether an ErrorResponse ends its session. */
export function isFatal(error: Buffer): boolean {
  const severity = field(error, 'V');
  return severity === 'FATAL' || severity === 'PANIC';
}

/** ErrorResponse. FATAL: the session is over. */
export function errorResponse(severity: 'ERROR' | 'FATAL', sqlstate: string, message: string): Buffer {
  return encode('E', `S${severity}\0V${severity}\0C${sqlstate}\0M${message}\0\0`);
}

/** Query: a simple statement. */
export function query(sql: string): Buffer {
  return encode('Q', `${sql}\0`);
}

/** Execute of a portal, without a limit of rows. */
export function execute(portal: string): Buffer {
  return encode('E', `${portal}\0\0\0\0\0`);
}

/** Flush: the server sends what it has. */
export const FLUSH = encode('H', '');

/** Terminate: the frontend is leaving. */
export const TERMINATE = encode('X', '');

/** Type byte and length of a message that we made. */
export const HEADER_BYTES = 5;

function encode(type: string, body: string): Buffer {
  const bytes = Buffer.from(`${type}\0\0\0\0${body}`);
  bytes.writeUInt32BE(bytes.length - 1, 1);
  return bytes;
}
