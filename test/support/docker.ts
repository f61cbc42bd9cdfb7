/** Docker as tests find it: a daemon, Compose, and the images that the project needs; nothing is pulled. */
import { AIRGAP_ENV, command, readAirgapEnv, reasonAgainst } from './compose.ts';
import { tripcurve } from './workshop.ts';

const CALL_LIMIT_MS = 60_000;
const BUILD_LIMIT_MS = 300_000;
const UP_LIMIT_MS = 180_000;
const ANSWER_LIMIT_MS = 5_000;

const PUBLIC = {
  POSTGRES_IMAGE: 'postgres:17-bookworm',
  TOXIPROXY_IMAGE: 'ghcr.io/shopify/toxiproxy:2.12.0',
};
const PUBLIC_NODE = 'node:24-bookworm-slim';

/** Variables that choose the images that are here, or the reason why containers cannot be started. */
export async function dockerHere(): Promise<{ variables: Record<string, string> } | string> {
  const why =
    (await reasonAgainst('docker', 'info')) ?? (await reasonAgainst('docker', 'compose', 'version'));
  if (why !== null) return why;
  const airgap = await readAirgapEnv();
  const { NODE_IMAGE = '', POSTGRES_IMAGE = '', TOXIPROXY_IMAGE = '' } = airgap;
  if (await areHere(NODE_IMAGE, POSTGRES_IMAGE, TOXIPROXY_IMAGE))
    return { variables: { COMPOSE_ENV_FILES: AIRGAP_ENV } };
  if (await areHere(PUBLIC_NODE, ...Object.values(PUBLIC))) return { variables: {} };
  return 'its images are not here: docker/airgap/build makes them';
}

async function areHere(...images: string[]): Promise<boolean> {
  return (await reasonAgainst('docker', 'image', 'inspect', ...images)) === null;
}

/** Sets variables for this process and those that it starts. */
export function setVariables(variables: Readonly<Record<string, string>>): void {
  Object.assign(process.env, variables);
}

/** Builds our image from the sources as they are; what has not changed is not built again. */
export async function buildImage(): Promise<void> {
  await command(BUILD_LIMIT_MS, 'docker', 'compose', 'build', '--quiet', 'mimo');
}

/** A Compose project of a test's own, gone with its volumes when disposed of. */
export async function projectUp(name: string): Promise<AsyncDisposable> {
  setVariables({ COMPOSE_PROJECT_NAME: name });
  const down = async (): Promise<void> => {
    await command(UP_LIMIT_MS, 'docker', 'compose', 'down', '--volumes', '--timeout', '5');
  };
  try {
    await command(UP_LIMIT_MS, 'docker', 'compose', 'up', '-d', '--wait');
  } catch (error) {
    await down();
    throw error;
  }
  return { [Symbol.asyncDispose]: down };
}

/** Names of the containers, and of the networks, that carry a label. */
export async function labelled(label: string): Promise<{ containers: string[]; networks: string[] }> {
  const filter = `label=${label}`;
  const list = async (...args: string[]): Promise<string[]> =>
    (await command(CALL_LIMIT_MS, 'docker', ...args)).split('\n').filter((line) => line !== '');
  const [containers, networks] = await Promise.all([
    list('ps', '-a', '--filter', filter, '--format', '{{.Names}}'),
    list('network', 'ls', '--filter', filter, '--format', '{{.Name}}'),
  ]);
  return { containers, networks };
}

/** Where a container publishes a port on this machine; null: it does not, or is gone. */
export async function publishedAt(container: string, port: number): Promise<string | null> {
  const text = await command(CALL_LIMIT_MS, 'docker', 'port', container, String(port)).catch(() => '');
  return text.split('\n')[0] || null;
}

/** What is injected at an API of Toxiproxy's kind; one sentence each. */
export async function residueAt(url: string): Promise<string[]> {
  const answer = await fetch(`${url}/proxies`, { signal: AbortSignal.timeout(ANSWER_LIMIT_MS) });
  type View = { enabled: boolean; toxics: { name: string }[]; faults?: { name: string }[] };
  const proxies = (await answer.json()) as Record<string, View>;
  return Object.entries(proxies).flatMap(([name, { enabled, toxics, faults = [] }]) => [
    ...(enabled ? [] : [`${name} is down`]),
    ...[...toxics, ...faults].map((fault) => `${fault.name} on ${name}`),
  ]);
}

/** A run's report, as `run --json` prints it. @throws with what it said where it printed none */
export async function reportOf<T>(cwd: string, ...args: string[]): Promise<T> {
  const { code, stdout, stderr } = await tripcurve(cwd, 'run', '--json', ...args).finished;
  try {
    return JSON.parse(stdout) as T;
  } catch {
    throw new Error(`tripcurve run ${args.join(' ')} ended with ${code} and no report: ${stderr}`);
  }
}
