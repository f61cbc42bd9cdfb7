/** Debian's Prometheus and Alertmanager as tests find and run them. Nothing of theirs is left behind. */
import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { promisify } from 'node:util';
import { freePort } from '../../harness/environment/free-port.ts';
import { messageOf } from '../../harness/model/errors.ts';
import { eventually } from './processes.ts';

const RUN_LIMIT_MS = 60_000;
const START_LIMIT_MS = 20_000;
const STOP_LIMIT_MS = 5_000;
const ANSWER_LIMIT_MS = 5_000;
/** The public image calls it alertmanager, Debian prometheus-alertmanager. */
const ALERTMANAGERS = ['alertmanager', 'prometheus-alertmanager'];

/** Runs a program; answers what it printed, on both streams. @throws with that, where it ends badly */
export async function ran(program: string, ...args: string[]): Promise<string> {
  try {
    const { stdout, stderr } = await promisify(execFile)(program, args, { timeout: RUN_LIMIT_MS });
    return `${stdout}${stderr}`;
  } catch (error) {
    const { stdout = '', stderr = '' } = error as { stdout?: string; stderr?: string };
    throw new Error(`${program} ${args.join(' ')}: ${stdout}${stderr || messageOf(error)}`);
  }
}

/** Null: it is there; else why not. */
async function lacks(program: string, debianPackage: string): Promise<string | null> {
  return ran(program, '--version').then(
    () => null,
    () => `${program} is not there (Debian: apt-get install ${debianPackage})`,
  );
}

/** What is missing here, by what a test may need; null: it is there. */
export async function monitoringHere() {
  const [prometheus, promtool, amtool, ...alertmanagers] = await Promise.all([
    lacks('prometheus', 'prometheus'),
    lacks('promtool', 'prometheus'),
    lacks('amtool', 'prometheus-alertmanager'),
    ...ALERTMANAGERS.map((name) => lacks(name, 'prometheus-alertmanager')),
  ]);
  const found = ALERTMANAGERS[alertmanagers.indexOf(null)];
  return {
    prometheus,
    promtool,
    amtool,
    alertmanager: found === undefined ? (alertmanagers[1] ?? null) : null,
    alertmanagerProgram: found ?? 'alertmanager',
  };
}

export interface Daemon extends AsyncDisposable {
  readonly url: string;
}

/** Starts a server of theirs on a free port, and waits until it is ready. */
export async function daemon(program: string, args: (port: number) => string[]): Promise<Daemon> {
  const port = await freePort();
  const child = spawn(program, args(port), { stdio: ['ignore', 'pipe', 'pipe'] });
  let said = '';
  const hear = (chunk: Buffer): void => {
    said = `${said}${chunk}`.slice(-4_000);
  };
  child.stdout.on('data', hear);
  child.stderr.on('data', hear);
  const kill = (): void => void child.kill('SIGKILL');
  process.once('exit', kill);
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const url = `http://127.0.0.1:${port}`;
  const stop = async (): Promise<void> => {
    process.removeListener('exit', kill);
    child.kill('SIGTERM');
    const late = setTimeout(kill, STOP_LIMIT_MS);
    await ended;
    clearTimeout(late);
  };
  try {
    await eventually(`${program} to be ready`, START_LIMIT_MS, async () => {
      if (hasEnded(child)) throw new Error(`${program} ended: ${said}`);
      const answer = await fetch(`${url}/-/ready`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) }).catch(
        () => null,
      );
      return answer?.ok === true;
    });
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, [Symbol.asyncDispose]: stop };
}

const hasEnded = ({ exitCode, signalCode }: ChildProcess): boolean =>
  exitCode !== null || signalCode !== null;

/** One series of an answer. */
export interface Sample {
  readonly metric: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Asks a Prometheus now. @throws with its own words where it does not take the query */
export async function query(url: string, expression: string): Promise<Sample[]> {
  const answer = await fetch(`${url}/api/v1/query?query=${encodeURIComponent(expression)}`, {
    signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
  });
  const body = (await answer.json()) as {
    error?: string;
    data?: { result: { metric: Record<string, string>; value: [number, string] }[] };
  };
  if (body.data === undefined) throw new Error(`${expression}: ${body.error}`);
  return body.data.result.map(({ metric, value }) => ({ metric, value: Number(value[1]) }));
}
