/** What tests of the semantic store share: a migrated PostgreSQL, a store on it, and triples in one line. */
import pg from 'pg';
import { postgresUrl } from '../../../../harness/environment/postgres.ts';
import { createDatabase } from '../../../../services/mimo/memory/database.ts';
import { migrate } from '../../../../services/mimo/migrate.ts';
import type { SemanticStatements } from '../../../../services/mimo/semantic/statements.ts';
import { createSemanticStore, type SemanticStore } from '../../../../services/mimo/semantic/store.ts';
import type { NewTriple, Node, Reached, Triple } from '../../../../services/mimo/semantic/triple.ts';
import { newTrace } from '../../../../services/mimo/trace.ts';
import { testPostgres } from '../../../support/postgres.ts';

const CALL_LIMIT_MS = 10_000;

export const TRACE = newTrace();
export const inTime = (): AbortSignal => AbortSignal.timeout(CALL_LIMIT_MS);

export interface Graph {
  /** Past the store, for what it hides. */
  readonly direct: pg.Client;
  store(statements?: SemanticStatements): SemanticStore;
  stop(): Promise<void>;
}

export async function startGraph(): Promise<Graph> {
  const postgres = await testPostgres();
  const url = postgresUrl({ host: '127.0.0.1', port: postgres.port });
  await migrate(url, 'up');
  const direct = new pg.Client({ connectionString: url });
  await direct.connect();
  const database = createDatabase({ url, timeoutMs: CALL_LIMIT_MS, callsMax: 4, onIdleError: () => {} });
  return {
    direct,
    store: (statements) => createSemanticStore(database, statements),
    async stop() {
      await Promise.all([direct.end(), database.close()]);
      await postgres.stop();
    },
  };
}

/** A node: `person:Ada`, or `Ada` for one of type `thing`. */
export function node(text: string): Node {
  const [type, id] = text.split(':');
  return id === undefined ? { type: 'thing', id: text } : { type: type ?? '', id };
}

/** A triple: `person:Ada knows person:Bo`. */
export function triple(text: string, given: Partial<NewTriple> = {}): NewTriple {
  const [subject = '', predicate = '', object = ''] = text.split(' ');
  return {
    subject: node(subject),
    predicate,
    object: node(object),
    confidence: 1,
    source: null,
    metadata: {},
    ttlS: null,
    ...given,
  };
}

export async function fill(store: SemanticStore, texts: readonly string[], graph = 'global'): Promise<void> {
  for (const text of texts) await store.upsert(graph, triple(text), TRACE, inTime());
}

const short = ({ type, id }: Node): string => (type === 'thing' ? id : `${type}:${id}`);
export const says = ({ subject, predicate, object }: Triple): string =>
  `${short(subject)} ${predicate} ${short(object)}`;
/** `2 Bo 0.5 via Ada>Cy>Bo` */
export const way = ({ depth, confidence, path, ...to }: Reached): string =>
  `${depth} ${short(to)} ${Number(confidence.toFixed(4))} via ${path.map(short).join('>')}`;
