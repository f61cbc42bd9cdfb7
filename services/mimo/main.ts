/**
 * Mimo's process: config, assembly, listening, draining. One JSON line on standard output says where
 * it listens, unless MCP is spoken there; everything else is a log line on standard error.
 */
import { setTimeout as servedOn, setImmediate } from 'node:timers/promises';
import { pino } from 'pino';
import { assemble } from './assemble.ts';
import { ConfigError, readConfig } from './config.ts';
import { MUTANT_NAMES, mutate } from './mutants/registry.ts';
import { PARTS } from './parts.ts';
import { newTrace } from './trace.ts';

const EXIT_CONFIG = 2;
/** Longest wait for requests in flight at the end, in ms: above the longest answer of the profile, in pieces too. */
const DRAIN_MARGIN_MS = 5_000;
/** How long requests are taken after the end was asked for, in ms: connections in use are told to close by then. */
const SERVED_ON_MS = 250;
const STDIN_CLOSED = 'standard input closed';

async function main(): Promise<void> {
  const config = readConfig(process.env, MUTANT_NAMES);
  const log = pino({ name: 'mimo', level: config.logLevel }, pino.destination(2));
  // Loaded only where it is needed, as everything of MCP: the rest need not wait for it.
  const stateDir = config.mcpStdio
    ? await (await import('./mcp/claim-folder.ts')).claimFolder(config.stateDir)
    : config.stateDir;
  const parts = mutate(PARTS, config.mutant);
  const service = await assemble({ ...config, stateDir }, log, parts);
  const server = parts.server(service);
  const listening = await server.app.listen({ host: config.host, port: config.port });
  if (config.mutant !== undefined) log.warn({ mutant: config.mutant }, 'running with a defect on purpose');

  let closeMcp: (() => Promise<void>) | undefined;
  let isStopping = false;
  async function stop(reason: string): Promise<void> {
    if (isStopping) return;
    isStopping = true;
    log.info({ reason }, 'draining');
    server.drain();
    // An end that hangs would be killed from outside, with the queue half written.
    const limitMs = service.policy.requestDeadlineMs + DRAIN_MARGIN_MS;
    setTimeout(() => process.exit(1), limitMs).unref();
    // Whoever sends requests here hears of it a moment later than we do. Until then they are served, each told to be
    // the last of its connection; where nobody is left who started us, nobody is left to wait for.
    if (reason !== STDIN_CLOSED) await servedOn(SERVED_ON_MS);
    await server.app.close();
    if (closeMcp !== undefined) {
      // Calls over standard input are requests too. A turn of the loop before: what has been read is counted in by
      // then; one after: the last answer is written.
      await setImmediate();
      await server.idle();
      await setImmediate();
      await closeMcp();
    }
    await service.close();
    process.exit(0);
  }

  process.once('SIGTERM', () => void stop('SIGTERM'));
  process.once('SIGINT', () => void stop('SIGINT'));
  // Whoever started us holds the other end: when it is gone, so are we, however it died.
  if (config.exitWithStdin || config.mcpStdio) {
    // A file ends and is never closed.
    for (const event of ['end', 'close']) process.stdin.once(event, () => void stop(STDIN_CLOSED));
  }
  // Not waited for: Mimo starts, and answers, without its database.
  service.vectors.choose(newTrace()).catch((error) => log.error({ err: error }, 'choosing a search failed'));
  if (config.mcpStdio) {
    // Loaded here, since it costs every other start time. Health and metrics are served over HTTP all the same.
    const { startMcpStdio } = await import('./mcp/stdio.ts');
    const onClosed = (): void => void stop('the MCP connection is closed');
    closeMcp = startMcpStdio({ service, admit: server.admit, onClosed });
    log.info({ listening }, 'speaking MCP on standard input and output');
    return;
  }
  if (config.exitWithStdin) process.stdin.resume();
  process.stdout.write(`${JSON.stringify({ listening })}\n`);
}

try {
  await main();
} catch (error) {
  const isConfig = error instanceof ConfigError;
  process.stderr.write(`mimo: ${isConfig ? error.message : error instanceof Error ? error.stack : error}\n`);
  process.exit(isConfig ? EXIT_CONFIG : 1);
}
