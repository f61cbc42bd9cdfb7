/** An execution plan as PostgreSQL tells it in JSON, read down to what can be judged. Pure. */
import type { Statement } from '../../services/mimo/memory/statement.ts';

/** A node of the plan; PostgreSQL leaves out what does not apply. */
export interface PlanNode {
  'Node Type': string;
  'Relation Name'?: string;
  'Index Name'?: string;
  'Conflict Arbiter Indexes'?: string[];
  'Actual Rows'?: number;
  'Shared Hit Blocks'?: number;
  'Shared Read Blocks'?: number;
  Plans?: PlanNode[];
}

/** The answer of EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON). */
export interface Explained {
  Plan: PlanNode;
  'Planning Time': number;
  'Execution Time': number;
}

export interface Measured {
  readonly statement: Statement;
  /** How the tables are read: node and table or index, each once. */
  readonly reads: readonly string[];
  readonly indexes: readonly string[];
  /** Tables read from end to end. */
  readonly scanned: readonly string[];
  /** Median of the runs, planning included. */
  readonly tookMs: number;
  /** Pages of 8 kB touched. */
  readonly pages: number;
  readonly rows: number;
}

export interface Judged extends Measured {
  /** Null: as it should be. */
  readonly fault: string | null;
}

/** Everything read out of several runs of one statement, of which the middle one counts. */
export function measured(statement: Statement, runs: readonly Explained[]): Measured {
  const sorted = runs.toSorted((a, b) => totalMs(a) - totalMs(b));
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError(`${statement.name}: no run to measure`);
  const nodes = [...walk(middle.Plan)];
  const indexes = nodes.flatMap((node) => [
    ...(node['Index Name'] === undefined ? [] : [node['Index Name']]),
    ...(node['Conflict Arbiter Indexes'] ?? []),
  ]);
  const scans = nodes.filter((node) => node['Node Type'] === 'Seq Scan');
  const reads = nodes.flatMap((node) => {
    const on = node['Index Name'] ?? (node['Node Type'].endsWith('Scan') ? node['Relation Name'] : undefined);
    return on === undefined ? [] : [`${node['Node Type']} ${on}`];
  });
  const writes = nodes
    .flatMap((node) => node['Conflict Arbiter Indexes'] ?? [])
    .map((name) => `Insert ${name}`);
  return {
    statement,
    reads: unique([...reads, ...writes]),
    indexes: unique(indexes),
    scanned: unique(scans.flatMap((node) => node['Relation Name'] ?? [])),
    tookMs: totalMs(middle),
    pages: (middle.Plan['Shared Hit Blocks'] ?? 0) + (middle.Plan['Shared Read Blocks'] ?? 0),
    rows: middle.Plan['Actual Rows'] ?? 0,
  };
}

/** What is wrong with a plan, in one sentence: a missing index, a table read from end to end, or too much time. */
export function judge(measure: Measured, limitMs: number): Judged {
  const { statement, indexes, scanned, tookMs } = measure;
  const { plan } = statement;
  const faults: string[] = [];
  if ('usesOneOf' in plan) {
    if (!plan.usesOneOf.some((index) => indexes.includes(index)))
      faults.push(`does not use ${plan.usesOneOf.join(' or ')}`);
    if (scanned.length > 0) faults.push(`reads ${scanned.join(' and ')} from end to end`);
  }
  if (tookMs > limitMs) faults.push(`takes ${tookMs.toFixed(1)} ms, more than ${limitMs} ms`);
  return { ...measure, fault: faults.length === 0 ? null : faults.join('; ') };
}

export function totalMs(explained: Explained): number {
  return explained['Planning Time'] + explained['Execution Time'];
}

function* walk(node: PlanNode): Generator<PlanNode> {
  yield node;
  for (const child of node.Plans ?? []) yield* walk(child);
}

const unique = (texts: readonly string[]): string[] => [...new Set(texts)];
