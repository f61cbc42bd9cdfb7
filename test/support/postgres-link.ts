/** A link in front of a real PostgreSQL, with faults as a person writes them, and clients through it. */
import pg from 'pg';
import { POSTGRES_DATABASE, POSTGRES_ROLE } from '../../harness/environment/postgres.ts';
import { resolveFault } from '../../harness/link/faults.ts';
import type { ProtocolFault } from '../../harness/link/protocol-fault.ts';
import { Fault, type FaultInput } from '../../harness/model/fault.ts';
import { type Cleanup, startLink, type TestLink } from './sockets.ts';

export interface PostgresLink extends TestLink {
  /** Arms a fault; its name in the history is its type. */
  arm(fault: FaultInput): ProtocolFault;
  /** A connected client; fails as `pg` does where the link or the server refuses it. */
  client(config?: pg.ClientConfig): Promise<pg.Client>;
  /** Statements that are over: command, tag or SQLSTATE, outcome, by whom, and which faults. */
  statements(): string[];
  /** Settles when so many statements beside start-ups are over. */
  sawStatements(count: number): Promise<string[]>;
}

export async function startPostgresLink(cleanup: Cleanup, serverPort: number): Promise<PostgresLink> {
  const link = await startLink(cleanup, serverPort, { protocol: 'postgres' });
  const over = (): string[] =>
    link
      .of('statement')
      .filter(({ command, outcome }) => command !== 'STARTUP' || outcome !== 'completed')
      .map(({ command, tag, sqlstate, outcome, endedBy, faults }) =>
        [command, tag ?? sqlstate ?? '-', outcome, endedBy, ...faults].join(' '),
      );
  return {
    ...link,
    arm: (input) => {
      const armable = resolveFault(Fault.parse(input), input.type, 'postgres', 'test');
      if (armable.plane !== 'protocol') throw new Error(`${input.type} is no protocol fault`);
      return link.link.addFault(armable.fault);
    },
    client: async (config = {}) => {
      const client = new pg.Client({ ...at(link.port), ...config });
      client.on('error', () => {});
      cleanup.add(() => client.end().catch(() => {}));
      await client.connect();
      return client;
    },
    statements: over,
    sawStatements: async (count) => {
      await link.saw(`${count} statements`, () => over().length >= count);
      return over();
    },
  };
}

/** How to reach the test cluster on a port: the server's own, or a link's. */
export function at(port: number): pg.ClientConfig {
  return { host: '127.0.0.1', port, user: POSTGRES_ROLE, database: POSTGRES_DATABASE };
}

/** What a query failed with. */
export async function failure(query: Promise<unknown>): Promise<{ code: string; message: string }> {
  try {
    await query;
  } catch (error) {
    const { code, message } = error as { code?: string; message: string };
    return { code: code ?? '-', message };
  }
  throw new Error('it was expected to fail');
}
