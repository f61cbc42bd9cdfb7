/** `npm run bench -- links`: our links, with observation on, next to a real Toxiproxy in the same run. */
import { mkdir, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { findToxiproxy } from '../harness/link/toxiproxy-binary.ts';
import { measureAccuracy } from './accuracy.ts';
import { measureMemory } from './memory.ts';
import { makeProxy, type ProxyProcess, startOurs, startResponder, startToxiproxy } from './processes.ts';
import { type Contestants, measureRound, PARTIES, type Round } from './rounds.ts';
import { formatTable, type LinksResult, linesOf } from './table.ts';
import { load, requireWrk } from './wrk.ts';

export interface LinksOptions {
  rounds: number;
  long?: true;
  out: string;
}

/** Long enough for the compiler to have seen every path. */
const WARM_UP_S = 2;
const WARM_UP_CONNECTIONS = 128;

/** Measures, prints the table, writes it with the numbers. @throws EnvironmentError where a tool is missing */
export async function benchLinks(options: LinksOptions): Promise<void> {
  await requireWrk();
  const toxiproxyBinary = await findToxiproxy();
  const startedAt = new Date().toISOString();
  const progress = (text: string): void => console.error(`bench links: ${text}`);

  await using responder = await startResponder();
  await using oursRunning = await startOurs();
  await using toxiproxyRunning = await startToxiproxy(toxiproxyBinary.file);
  const ours: ProxyProcess = { name: 'ours', pid: oursRunning.pid, apiUrl: oursRunning.announced };
  const toxiproxy: ProxyProcess = {
    name: 'toxiproxy',
    pid: toxiproxyRunning.pid,
    apiUrl: toxiproxyRunning.announced,
  };
  const direct = Number(responder.announced);
  const contestants: Contestants = {
    direct: { port: direct, pid: responder.pid },
    ours: { port: await makeProxy(ours, 'plain', direct), pid: ours.pid },
    toxiproxy: { port: await makeProxy(toxiproxy, 'plain', direct), pid: toxiproxy.pid },
  };

  progress('warming up');
  for (const party of PARTIES) await load(contestants[party].port, WARM_UP_CONNECTIONS, WARM_UP_S);
  const rounds: Round[] = [];
  for (let i = 0; i < options.rounds; i++) {
    progress(`round ${i + 1} of ${options.rounds}`);
    rounds.push(await measureRound(contestants, i));
  }
  progress('memory');
  const memory = await measureMemory(ours.pid, contestants.ours.port, options.long === true);
  progress('accuracy of toxics');
  const accuracyOf = async (proxy: ProxyProcess) =>
    measureAccuracy(proxy, 'toxic', await makeProxy(proxy, 'toxic', direct));
  const accuracy = { ours: await accuracyOf(ours), toxiproxy: await accuracyOf(toxiproxy) };

  const result: LinksResult = {
    startedAt,
    machine: `${os.availableParallelism()} CPUs (${os.cpus()[0]?.model ?? 'unknown'}), shared by proxy, load generator and responder; Node ${process.version}; Linux ${os.release()}`,
    toxiproxyVersion: toxiproxyBinary.version,
    rounds,
    memory,
    accuracy,
  };
  await publish(result, options.out);
}

async function publish(result: LinksResult, out: string): Promise<void> {
  const lines = linesOf(result);
  const heading = `${result.machine}\n${result.rounds.length} alternating rounds; medians, and medians of the ratios within a round\n`;
  const text = `${heading}\n${formatTable(lines)}\n`;
  const folder = path.join(out, result.startedAt.slice(0, 19).replaceAll(':', '-'));
  await mkdir(folder, { recursive: true });
  await writeFile(path.join(folder, 'links.json'), `${JSON.stringify({ ...result, lines }, null, 2)}\n`);
  await writeFile(path.join(folder, 'links.md'), text);
  console.log(`${text}\nwritten to ${folder}`);
}
