/**
 * Mimo's process: config, assembly, listening, draining. One JSON line on standard output says where
 * it listens; everything else is a log line on standard error.
 */
import { pino } from 'pino';
import { assemble } from './assemble.ts';
import { ConfigError, readConfig } from './config.ts';
import { createServer } from './http/server.ts';
import { MUTANT_NAMES, mutate } from './mutants/registry.ts';
import { PARTS } from './parts.ts';

const EXIT_CONFIG = 2;
/** Longest wait for requests in flight at the end, in ms: above the longest answer of the profile. */
const DRAIN_MARGIN_MS = 1_000;

async function main(): Promise<void> {
  const config = readConfig(process.env, MUTANT_NAMES);
  const log = pino({ name: 'mimo', level: config.logLevel }, pino.destination(2));
  const service = await assemble(config, log, mutate(PARTS, config.mutant));
  const server = createServer(service);
  const listening = await server.app.listen({ host: config.host, port: config.port });
  if (config.mutant !== undefined) log.warn({ mutant: config.mutant }, 'running with a defect on purpose');

  let isStopping = false;
  async function stop(reason: string): Promise<void> {
    if (isStopping) return;
    isStopping = true;
    log.info({ reason }, 'draining');
    server.drain();
    // An end that hangs would be killed from outside, with the queue half written.
    const limitMs = service.policy.requestDeadlineMs + DRAIN_MARGIN_MS;
    setTimeout(() => process.exit(1), limitMs).unref();
    await server.app.close();
    await service.close();
    process.exit(0);
  }

  process.once('SIGTERM', () => void stop('SIGTERM'));
  process.once('SIGINT', () => void stop('SIGINT'));
  if (config.exitWithStdin) {
    // Whoever started us holds the other end: when it is gone, so are we, however it died.
    process.stdin.resume();
    process.stdin.once('close', () => void stop('standard input closed'));
  }
  process.stdout.write(`${JSON.stringify({ listening })}\n`);
}

try {
  await main();
} catch (error) {
  const isConfig = error instanceof ConfigError;
  process.stderr.write(`mimo: ${isConfig ? error.message : error instanceof Error ? error.stack : error}\n`);
  process.exit(isConfig ? EXIT_CONFIG : 1);
}
