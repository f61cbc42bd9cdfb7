/** The five benches of Mimo's original, each with an answer that it must give. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { EnvironmentError } from '../../harness/model/errors.ts';
import { hashVector } from '../../services/mimo/memory/hash-vector.ts';
import { VectorIndex } from '../../services/mimo/memory/vector-index.ts';
import type { Bench } from './bench.ts';
import type { Stage } from './stage.ts';

export const BENCH_NAMES = [
  'memory_search',
  'vector_math',
  'semantic_query',
  'port_spawn',
  'mcp_protocol',
] as const;
export type BenchName = (typeof BENCH_NAMES)[number];

/** Those that need no service. */
export const ALONE: readonly BenchName[] = ['vector_math', 'port_spawn'];

const VECTORS = 10_000;
const SPAWN_LIMIT_MS = 10_000;
const KNOWN = 'falcons nest near the observatory';
const MCP_HEADERS = {
  accept: 'application/json, text/event-stream',
  'mcp-protocol-version': '2025-06-18',
};

/** The benches of these names, made ready. `stage` is asked for only where one needs it. */
export async function makeBenches(
  names: readonly BenchName[],
  stage: () => Promise<Stage>,
): Promise<Bench[]> {
  const benches: Bench[] = [];
  for (const name of names) benches.push(await makers[name](stage));
  return benches;
}

const makers: Readonly<Record<BenchName, (stage: () => Promise<Stage>) => Bench | Promise<Bench>>> = {
  async memory_search(stage) {
    const { post } = await stage();
    await post('/v1/mimo/tool', {
      tool: 'mimo_store_memory',
      arguments: { content: KNOWN, category: 'observation' },
    });
    return {
      name: 'memory_search',
      operation: 'search_vibes over HTTP: embed, catch up, scan 10,000 memories',
      run: async () => {
        const body = { tool: 'search_vibes', arguments: { query: KNOWN, limit: 5 } };
        expectText(await post('/v1/mimo/tool', body), KNOWN, 'memory_search');
      },
    };
  },

  vector_math() {
    const index = new VectorIndex(VECTORS);
    for (let i = 0; i < VECTORS; i++)
      index.put({
        id: String(i),
        revision: BigInt(i + 1),
        content: `memory ${i}`,
        category: 'observation',
        importance: 0.5,
        vector: hashVector(`memory ${i}`),
        source: 'live',
      });
    const query = { vector: hashVector('memory 4711'), source: 'live' as const };
    return {
      name: 'vector_math',
      operation: 'cosine of one vector with 10,000 of 768 numbers, the best 10',
      run: () => {
        const [best] = index.search(query, { limit: 10, threshold: 0 });
        if (best?.id !== '4711') throw new EnvironmentError(`vector_math: found ${best?.id}, not 4711`);
      },
    };
  },

  async semantic_query(stage) {
    const { post } = await stage();
    const body = { start: { type: 'person', id: 'n0' }, predicate: 'reports_to', max_depth: 3 };
    return {
      name: 'semantic_query',
      operation: 'transitive closure over HTTP, three steps to 84 nodes, in 100,000 triples',
      run: async () => expectText(await post('/v1/mimo/semantic/closure', body), '"n84"', 'semantic_query'),
    };
  },

  port_spawn() {
    return {
      name: 'port_spawn',
      operation: 'a process started, asked a line over its pipe, answered, and ended',
      run: async () => {
        const child = spawn(process.execPath, ['-e', 'process.stdin.pipe(process.stdout)'], {
          stdio: ['pipe', 'pipe', 'inherit'],
          timeout: SPAWN_LIMIT_MS,
        });
        const ended = once(child, 'close');
        const lines = createInterface({ input: child.stdout });
        child.stdin.end('ping\n');
        const [line] = await once(lines, 'line', { signal: AbortSignal.timeout(SPAWN_LIMIT_MS) });
        const [code] = await ended;
        if (line !== 'ping' || code !== 0) throw new EnvironmentError(`port_spawn: "${line}", code ${code}`);
      },
    };
  },

  async mcp_protocol(stage) {
    const { post } = await stage();
    let id = 0;
    return {
      name: 'mcp_protocol',
      operation: 'tools/list over streamable HTTP: a question of the protocol alone',
      run: async () => {
        const body = { jsonrpc: '2.0', id: ++id, method: 'tools/list', params: {} };
        expectText(await post('/mcp', body, MCP_HEADERS), 'ask_mimo', 'mcp_protocol');
      },
    };
  },
};

function expectText(answer: string, text: string, bench: string): void {
  if (!answer.includes(text))
    throw new EnvironmentError(`${bench}: the answer has no ${text}: ${answer.slice(0, 200)}`);
}
