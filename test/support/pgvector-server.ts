/**
 * A PostgreSQL with pgvector in a process of its own: PGlite, which is PostgreSQL compiled to WebAssembly, behind a
 * socket. Prints its port, and goes with its standard input.
 */
import { PGlite } from '@electric-sql/pglite';
import { vector } from '@electric-sql/pglite-pgvector';
import { PGLiteSocketServer } from '@electric-sql/pglite-socket';

const CONNECTIONS_MAX = 32;

const db = await PGlite.create({ extensions: { vector } });
const server = new PGLiteSocketServer({ db, host: '127.0.0.1', port: 0, maxConnections: CONNECTIONS_MAX });
await server.start();
process.stdout.write(`${server.getServerConn()}\n`);
process.stdin.resume();
process.stdin.once('close', () => process.exit(0));
