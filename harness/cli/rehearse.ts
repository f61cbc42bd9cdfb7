/** `tripcurve cut | slow | inject | restore | status | note | down`: what a second terminal does to a rehearsal. */
import { Command, Option } from 'commander';
import { faultTypes } from '../link/faults.ts';
import { parseDuration } from '../model/duration.ts';
import { UsageError } from '../model/errors.ts';
import { Fault, type FaultInput } from '../model/fault.ts';
import { nearest } from '../model/validate.ts';
import { ControlClient } from '../rehearsal/control.ts';
import { renderView } from '../rehearsal/view.ts';

/** How long a fault lasts unless `--for` says otherwise. */
const FOR_DEFAULT = '60s';

/** The four ways in which a dependency can be away, by the words people use. */
const SHAPES: Readonly<Record<string, FaultInput>> = {
  refused: { type: 'down' },
  'black-hole': { type: 'black_hole' },
  reset: { type: 'reset_peer', stream: 'upstream' },
  fin: { type: 'accept_then_fin' },
};

/** Short names for faults that are asked for often. */
const SHORT: Readonly<Record<string, FaultInput>> = {
  'rate-limit': { type: 'http_status', attributes: { status: 429 } },
  unavailable: { type: 'http_status', attributes: { status: 503 } },
  errors: { type: 'http_status', attributes: { status: 500 } },
};

export function rehearsalCommands(): Command[] {
  return [cut(), slow(), inject(), restore(), status(), note(), down()];
}

function cut(): Command {
  return new Command('cut')
    .description('cut a link of the running rehearsal')
    .argument('<link>')
    .option('--for <duration>', 'lifted after this', FOR_DEFAULT)
    .addOption(
      new Option('--shape <shape>', 'how it is away').choices(Object.keys(SHAPES)).default('refused'),
    )
    .action((link: string, { for: duration, shape }: { for: string; shape: string }) =>
      injectNow(link, SHAPES[shape] ?? { type: 'down' }, duration),
    );
}

function slow(): Command {
  return new Command('slow')
    .description('delay a link of the running rehearsal')
    .argument('<link>')
    .requiredOption('--latency <duration>', 'added to each answer')
    .option('--jitter <duration>', 'more or less by up to this')
    .option('--for <duration>', 'lifted after this', FOR_DEFAULT)
    .action((link: string, given: { latency: string; jitter?: string; for: string }) => {
      const latency = parseDuration(given.latency, '--latency');
      const jitter = given.jitter === undefined ? 0 : parseDuration(given.jitter, '--jitter');
      return injectNow(link, { type: 'latency', attributes: { latency, jitter } }, given.for);
    });
}

function inject(): Command {
  return new Command('inject')
    .description('inject any fault: its type, its attributes as --name value (see docs/faults.md)')
    .argument('<link>')
    .argument('<fault>', `a type such as http_status, or one of ${Object.keys(SHORT).join(', ')}`)
    .argument('[attributes...]')
    .option('--for <duration>', 'lifted after this', FOR_DEFAULT)
    .option('--times <n>', 'at most so many hits')
    .option('--probability <p>', 'the share of exchanges or statements that are hit')
    .option('--toxicity <p>', 'the share of connections that are hit')
    .option('--stream <stream>', 'upstream or downstream')
    .allowUnknownOption()
    .allowExcessArguments()
    .action(
      async (
        link: string,
        what: string,
        _rest: string[],
        given: Record<string, string>,
        command: Command,
      ) => {
        const base = SHORT[what] ?? { type: typeNamed(what) };
        const fault: FaultInput = {
          ...base,
          attributes: { ...base.attributes, ...attributesIn(command.args.slice(2)) },
          ...(given.times === undefined ? {} : { times: Number(given.times) }),
          ...(given.probability === undefined ? {} : { probability: Number(given.probability) }),
          ...(given.toxicity === undefined ? {} : { toxicity: Number(given.toxicity) }),
          ...(given.stream === undefined ? {} : { stream: given.stream as 'upstream' | 'downstream' }),
        };
        await injectNow(link, fault, given.for ?? FOR_DEFAULT);
      },
    );
}

function restore(): Command {
  return new Command('restore')
    .description('lift the faults of a link, or of all')
    .argument('[link]')
    .option('--all', 'of every link')
    .action(async (link: string | undefined, { all = false }: { all?: boolean }) => {
      if ((link === undefined) !== all) throw new UsageError('restore: name a link, or give --all');
      const lifted = await (await client()).restore(link ?? 'all');
      console.log(lifted.length === 0 ? 'nothing was injected' : `lifted ${lifted.join(', ')}`);
    });
}

function status(): Command {
  return new Command('status')
    .description('what the running rehearsal sees')
    .option('--json', 'as JSON')
    .action(async ({ json }: { json?: boolean }) => {
      const view = await (await client()).view();
      console.log(json === true ? JSON.stringify(view, null, 2) : renderView(view).join('\n'));
    });
}

function note(): Command {
  return new Command('note')
    .description("write a remark into the rehearsal's history")
    .argument('<text>')
    .action(async (text: string) => {
      await (await client()).note(text);
    });
}

function down(): Command {
  return new Command('down')
    .description('end the running rehearsal: lift every fault, take the environment down, write the report')
    .action(async () => {
      const running = await client();
      await running.down();
      console.log(`run ${running.run} is going down; its report will be in reports/${running.run}`);
    });
}

function client(): Promise<ControlClient> {
  return ControlClient.find(process.cwd());
}

async function injectNow(link: string, fault: FaultInput, duration: string): Promise<void> {
  const forMs = parseDuration(duration, '--for');
  const name = await (await client()).inject(link, Fault.parse(fault), forMs);
  console.log(`${name} on ${link} for ${duration}; tripcurve restore ${link} lifts it`);
}

/** A type as it is, with dashes for underscores, or without its prefix where that is clear. */
function typeNamed(what: string): string {
  const wanted = what.replaceAll('-', '_');
  const types = faultTypes();
  if (types.includes(wanted)) return wanted;
  const ending = types.filter((type) => type.endsWith(`_${wanted}`));
  if (ending.length === 1 && ending[0] !== undefined) return ending[0];
  const near = nearest(wanted, [...types, ...Object.keys(SHORT)]);
  const hint =
    near === undefined ? `one of ${[...Object.keys(SHORT), ...types].join(', ')}` : `did you mean ${near}?`;
  throw new UsageError(`inject: no fault "${what}"; ${hint}`);
}

/** `--retry-after 5` as `{ retry_after: 5 }`; values that are JSON are read as such. */
function attributesIn(words: readonly string[]): Record<string, unknown> {
  const attributes: Record<string, unknown> = {};
  for (let i = 0; i < words.length; i += 2) {
    const [flag = '', value] = [words[i], words[i + 1]];
    if (!flag.startsWith('--') || value === undefined)
      throw new UsageError(`inject: "${flag}" has no value; attributes are given as --name value`);
    attributes[flag.slice(2).replaceAll('-', '_')] = jsonOr(value);
  }
  return attributes;
}

function jsonOr(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
