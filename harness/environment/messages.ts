/** What a rig and its host say to each other over the host's stdin and stdout: one JSON line each. */
import { z } from 'zod';
import { Config } from '../model/config.ts';
import { LinkEngine, ProcessAction } from '../model/scenario.ts';

/** First line to the host. */
export const HostStart = z.object({
  /** Origin of the run's clock: a reading of process.hrtime.bigint(), as text. */
  originNs: z.string(),
  run: z.string(),
  /** Folder of the run: the host makes it and removes it. */
  dir: z.string(),
  logDir: z.string(),
  cacheDir: z.string(),
  cwd: z.string(),
  seed: z.int(),
  config: Config,
  profile: z.string(),
  mutant: z.string().nullable(),
  links: LinkEngine,
  hidesNames: z.boolean(),
  instances: z.int().min(1),
  movesTarget: z.boolean(),
  before: z.array(z.string()),
});
export type HostStart = z.infer<typeof HostStart>;

/** Later lines to the host. */
export const HostCommand = z.discriminatedUnion('do', [
  z.object({ do: z.literal('audit'), id: z.int(), name: z.string() }),
  /** Does something to the process behind a link. */
  z.object({ do: z.literal('process'), id: z.int(), link: z.string(), action: ProcessAction }),
  /** Begins or ends a disturbance of the config; `fault` tells it from others that go on. */
  z.object({
    do: z.literal('disturb'),
    id: z.int(),
    fault: z.string(),
    name: z.string(),
    what: z.enum(['begin', 'end']),
  }),
  /** Carries out an operation of the config. */
  z.object({ do: z.literal('operate'), id: z.int(), name: z.string(), limitMs: z.number() }),
  /** Ends the real Toxiproxy and starts it anew, with its proxies and without a toxic. */
  z.object({ do: z.literal('restart-toxiproxy'), id: z.int() }),
  z.object({ do: z.literal('down') }),
]);
export type HostCommand = z.infer<typeof HostCommand>;

/** Lines from the host. */
export const HostMessage = z.discriminatedUnion('say', [
  z.object({
    say: z.literal('up'),
    entryUrl: z.string(),
    apiUrl: z.string(),
    toxiproxyUrl: z.string().nullable(),
  }),
  z.object({ say: z.literal('events'), events: z.array(z.unknown()) }),
  /** Answers a command that has an id. */
  z.object({
    say: z.literal('done'),
    id: z.int(),
    result: z.record(z.string(), z.unknown()).nullable(),
    error: z.string().nullable(),
  }),
  z.object({ say: z.literal('failed'), why: z.string(), usage: z.boolean() }),
]);
export type HostMessage = z.infer<typeof HostMessage>;
