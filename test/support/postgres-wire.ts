/** PostgreSQL's protocol 3 by hand, for what `pg` would never send: pipelines, splits, halves of messages. */
import { POSTGRES_DATABASE, POSTGRES_ROLE } from '../../harness/environment/postgres.ts';
import { type Cleanup, connect, type RawClient } from './sockets.ts';

export function message(type: string, body: string | Buffer = ''): Buffer {
  const bytes = Buffer.concat([Buffer.from(`${type}\0\0\0\0`), Buffer.from(body)]);
  bytes.writeUInt32BE(bytes.length - 1, 1);
  return bytes;
}

/** The untyped first message. */
export function startup(code: number, body: string | Buffer = ''): Buffer {
  const bytes = Buffer.concat([Buffer.alloc(8), Buffer.from(body)]);
  bytes.writeUInt32BE(bytes.length, 0);
  bytes.writeUInt32BE(code, 4);
  return bytes;
}

export const PROTOCOL_3 = 196_608;
export const HELLO = startup(PROTOCOL_3, `user\0${POSTGRES_ROLE}\0database\0${POSTGRES_DATABASE}\0\0`);

export const query = (sql: string): Buffer => message('Q', `${sql}\0`);
export const parse = (name: string, sql: string): Buffer => message('P', `${name}\0${sql}\0\0\0`);
export const bind = (portal: string, name: string): Buffer =>
  message('B', `${portal}\0${name}\0\0\0\0\0\0\0`);
export const describe = (portal: string): Buffer => message('D', `P${portal}\0`);
export const execute = (portal: string): Buffer => message('E', `${portal}\0\0\0\0\0`);
export const SYNC = message('S');
export const FLUSH = message('H');
/** An unnamed statement, from Parse to Execute. */
export const run = (sql: string): Buffer => Buffer.concat([parse('', sql), bind('', ''), execute('')]);

export interface WireClient extends RawClient {
  /** Settles when the server has been ready so many times since the start-up; tells what came since, a word a message. */
  ready(times: number): Promise<string>;
  /** What has come since the start-up. */
  said(): string;
}

/** A session begun by hand. */
export async function wireClient(cleanup: Cleanup, port: number): Promise<WireClient> {
  const raw = await connect(cleanup, port);
  raw.socket.write(HELLO);
  const readies = (): number => words(raw.received()).filter((word) => word.startsWith('Z')).length;
  const until = (times: number): Promise<void> =>
    new Promise((resolve) => {
      const look = (): void => {
        if (readies() < times) return;
        raw.socket.off('data', look);
        resolve();
      };
      raw.socket.on('data', look);
      look();
    });
  await until(1);
  const greeting = words(raw.received()).length;
  const said = (): string => words(raw.received()).slice(greeting).join(' ');
  return {
    ...raw,
    said,
    ready: async (times) => {
      await until(1 + times);
      return said();
    },
  };
}

/** Each message of a server as a word: its type, and of some what matters: `C:INSERT 0 1` is `C:INSERT`. */
function words(bytes: Buffer): string[] {
  const found: string[] = [];
  for (let at = 0; at + 5 <= bytes.length; at += 1 + bytes.readUInt32BE(at + 1)) {
    const type = String.fromCharCode(bytes[at] ?? 0);
    const body = bytes.subarray(at + 5, at + 1 + bytes.readUInt32BE(at + 1)).toString();
    if (type === 'Z') found.push(`Z:${body}`);
    else if (type === 'C') found.push(`C:${/^\w+/.exec(body)?.[0]}`);
    else if (type === 'E') found.push(`E:${/(?:^|\0)C(\w+)\0/.exec(body)?.[1]}`);
    else found.push(type);
  }
  return found;
}
