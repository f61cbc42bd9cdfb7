/** `npm run bench -- mimo`: how long Mimo's parts take, and whether that is longer than in an earlier run. */
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { messageOf, UsageError } from '../../harness/model/errors.ts';
import { EXIT, type ExitCode } from '../../harness/model/verdict.ts';
import { aligned } from '../explain/table.ts';
import { machineFacts } from '../machine.ts';
import { measureBenches } from './bench.ts';
import { BENCH_NAMES, type BenchName, makeBenches } from './benches.ts';
import { compare, type MimoResult, otherMachine, parseResult } from './compare.ts';
import { type Stage, stage } from './stage.ts';
import { summarise } from './summary.ts';

const TRIPLES = 100_000;

export interface MimoOptions {
  rounds: number;
  roundMs: number;
  only?: BenchName[];
  compare?: string;
  out: string;
}

/** Measures, prints, writes, compares. @throws UsageError, EnvironmentError */
export async function benchMimo(options: MimoOptions): Promise<ExitCode> {
  // Read first: a file that is not there is told before minutes are spent.
  const before = options.compare === undefined ? null : await read(options.compare);
  const startedAt = new Date().toISOString();
  const machine = await machineFacts();
  let up: Promise<Stage> | undefined;
  const stageOnce = (): Promise<Stage> => {
    up ??= stage(TRIPLES);
    return up;
  };
  try {
    const benches = await makeBenches(options.only ?? BENCH_NAMES, stageOnce);
    const { rounds, roundMs } = options;
    const progress = (text: string): void => console.error(`bench mimo: ${text}`);
    const measured = await measureBenches(benches, { rounds, roundMs, warmUpMs: 2 * roundMs }, progress);
    const result: MimoResult = {
      bench: 'mimo',
      startedAt,
      machine,
      rounds,
      operations: Object.fromEntries(benches.map(({ name, operation }) => [name, operation])),
      benches: summarise(measured),
    };
    return await publish(result, before, options);
  } finally {
    await (await up?.catch(() => undefined))?.[Symbol.asyncDispose]();
  }
}

async function read(file: string): Promise<MimoResult> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    throw new UsageError(`--compare ${file}: cannot be read: ${messageOf(error)}`);
  });
  return parseResult(text, file);
}

async function publish(
  result: MimoResult,
  before: MimoResult | null,
  { out, compare: against }: MimoOptions,
): Promise<ExitCode> {
  const { machine, rounds } = result;
  const lines = [
    `${machine.cpus} CPUs (${machine.cpu}), ${machine.system}, Node ${machine.node}, load ${machine.loadAverage}, commit ${machine.commit ?? 'unknown'}; ${rounds} rounds`,
    '',
    summaryTable(result),
  ];
  const folder = path.join(out, result.startedAt.slice(0, 19).replaceAll(':', '-'));
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'mimo.json'), `${JSON.stringify(result, null, 2)}\n`);
  const judged = before === null ? null : judge(result, before, against ?? '');
  if (judged !== null) lines.push('', judged.text);
  await writeFile(path.join(folder, 'mimo.txt'), `${lines.join('\n')}\n`);
  console.log([...lines, '', `written to ${folder}`].join('\n'));
  return judged?.code ?? EXIT.held;
}

function summaryTable({ benches }: MimoResult): string {
  const rows = Object.entries(benches).map(
    ([name, { operations, msP50, msP95, msP99, perSecond, relative }]) => [
      name,
      String(operations),
      msP50.toFixed(3),
      msP95.toFixed(3),
      msP99.toFixed(3),
      perSecond.toFixed(0),
      `${relative.median.toFixed(2)} (${relative.low.toFixed(2)} to ${relative.high.toFixed(2)})`,
    ],
  );
  const head = ['bench', 'operations', 'p50 ms', 'p95 ms', 'p99 ms', 'per s', 'in units of the reference'];
  return aligned([head, ...rows]);
}

/** The comparison as text, and the exit code it asks for. */
export function judge(
  result: MimoResult,
  before: MimoResult,
  file: string,
): { text: string; code: ExitCode } {
  const compared = compare(result, before);
  const rows = compared.map(({ name, ratio, low, high, verdict }) => [
    name,
    verdict === 'new' ? '' : `${ratio.toFixed(2)} (${low.toFixed(2)} to ${high.toFixed(2)})`,
    verdict === 'slower' ? 'SLOWER' : verdict,
  ]);
  const table = aligned([
    ['bench', `time now / then (${before.machine.commit ?? 'unknown'})`, 'verdict'],
    ...rows,
  ]);
  const slower = compared.filter(({ verdict }) => verdict === 'slower').map(({ name }) => name);
  const why = otherMachine(result, before);
  if (why !== null) return { text: `${table}\nnothing is judged: ${why}`, code: EXIT.inconclusive };
  if (compared.every(({ verdict }) => verdict === 'new'))
    return {
      text: `${table}\nnothing is judged: ${file} has none of these benches`,
      code: EXIT.inconclusive,
    };
  return slower.length === 0
    ? { text: `${table}\nnothing is slower beyond noise`, code: EXIT.held }
    : { text: `${table}\nslower beyond noise: ${slower.join(', ')}`, code: EXIT.failed };
}
