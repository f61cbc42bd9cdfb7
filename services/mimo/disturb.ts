/**
 * `node services/mimo/disturb.ts <what>`: does something to Mimo's database itself, past Mimo and past any link
 * (DATABASE_URL is the direct address), from when it has said so until its input closes. Real ones, for what an
 * error that is made up cannot show: who waits for whom, what commits late, what a server still allows.
 */
import pg from 'pg';

const EXIT_USAGE = 2;
const APPLICATION = 'mimo';
/** A reload reaches every session at its next statement; a new one shows that it was read. */
const RELOAD_LIMIT_MS = 3_000;
const RELOAD_LOOK_MS = 10;

/** Undoes it. */
type Undo = () => Promise<void>;

const DISTURBANCES: Readonly<Record<string, (url: string) => Promise<Undo>>> = {
  /** Another session holds a lock against every write, as a CREATE INDEX that is not concurrent does. */
  'lock-writes': (url) => lock(url, 'SHARE ROW EXCLUSIVE'),
  /** Another session holds a lock against everything, as an ALTER TABLE that waits inside a transaction does. */
  'lock-all': (url) => lock(url, 'ACCESS EXCLUSIVE'),
  /** The server takes no writes, as a standby that has not been promoted. */
  'read-only': readOnly,
  /** Every session of Mimo that is idle is ended, once, as an idle timeout of a pooler or a firewall does. */
  'end-idle': endIdle,
  /** Sessions of somebody else take every place, and Mimo's idle ones are ended, as long as it lasts. */
  'take-sessions': takeSessions,
};

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, application_name: 'disturbance' });
  client.on('error', () => {}); // a server that goes meanwhile takes the disturbance with it
  await client.connect();
  return client;
}

async function lock(url: string, mode: string): Promise<Undo> {
  const client = await connect(url);
  await client.query(`BEGIN; LOCK TABLE engrams IN ${mode} MODE`);
  return async () => {
    await client.query('COMMIT');
    await client.end();
  };
}

async function readOnly(url: string): Promise<Undo> {
  const client = await connect(url);
  await client.query('SET default_transaction_read_only = off'); // of this session, whatever the server has
  const set = async (value: 'on' | 'off'): Promise<void> => {
    await client.query(`ALTER SYSTEM SET default_transaction_read_only = ${value}`);
    await client.query('SELECT pg_reload_conf()');
    await untilNewSessionsShow(url, value);
  };
  await set('on');
  return async () => {
    await set('off');
    await client.query('ALTER SYSTEM RESET default_transaction_read_only');
    await client.query('SELECT pg_reload_conf()');
    await client.end();
  };
}

async function untilNewSessionsShow(url: string, value: 'on' | 'off'): Promise<void> {
  const deadlineMs = performance.now() + RELOAD_LIMIT_MS;
  for (;;) {
    const client = await connect(url);
    const { rows } = await client.query<{ default_transaction_read_only: string }>(
      'SHOW default_transaction_read_only',
    );
    await client.end();
    if (rows[0]?.default_transaction_read_only === value) return;
    if (performance.now() > deadlineMs)
      throw new Error(`default_transaction_read_only is not ${value} after ${RELOAD_LIMIT_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, RELOAD_LOOK_MS));
  }
}

const END_IDLE = `SELECT pg_terminate_backend(pid) FROM pg_stat_activity
  WHERE application_name = '${APPLICATION}' AND state = 'idle'`;

async function endIdle(url: string): Promise<Undo> {
  const client = await connect(url);
  await client.query(END_IDLE);
  return () => client.end();
}

/** A place that gets free is taken again after so long. */
const TAKE_AGAIN_MS = 50;

async function takeSessions(url: string): Promise<Undo> {
  const first = await connect(url);
  const taken: pg.Client[] = [];
  let isOver = false;
  const takeAll = async (): Promise<void> => {
    for (;;) {
      try {
        taken.push(await connect(url));
      } catch {
        return; // 53300: no place is left
      }
    }
  };
  await takeAll();
  const keeping = (async () => {
    while (!isOver) {
      await first.query(END_IDLE);
      await takeAll();
      await new Promise((resolve) => setTimeout(resolve, TAKE_AGAIN_MS));
    }
  })();
  return async () => {
    isOver = true;
    await keeping;
    await Promise.all([first, ...taken].map((client) => client.end()));
  };
}

const disturb = DISTURBANCES[process.argv[2] ?? ''];
const { DATABASE_URL } = process.env;
if (disturb === undefined || DATABASE_URL === undefined) {
  const names = Object.keys(DISTURBANCES).join('|');
  process.stderr.write(
    `Usage: DATABASE_URL=... node services/mimo/disturb.ts ${names} (the direct address)\n`,
  );
  process.exit(EXIT_USAGE);
}
const undo = await disturb(DATABASE_URL);
process.stdout.write(`${JSON.stringify({ disturbing: true })}\n`);
process.stdin.resume();
process.stdin.once('close', () => {
  void undo().then(
    () => process.exit(0),
    (error: unknown) => {
      process.stderr.write(`disturb: ${error instanceof Error ? error.message : error}\n`);
      process.exit(1);
    },
  );
});
