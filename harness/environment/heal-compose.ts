/** Lifts everything in the Compose project: links and Toxiproxy there are the rig's own, so a reset harms nobody. */
import { formatAddress } from '../link/address.ts';
import { controlCall } from '../link/control-call.ts';
import { shownAt } from '../link/undo.ts';
import type { Config } from '../model/config.ts';
import { messageOf, UsageError } from '../model/errors.ts';
import { answersReady } from './attach.ts';
import { ComposeProject } from './docker-compose.ts';
import { type Healing, newHealing } from './healing.ts';

const CALL_LIMIT_MS = 5_000;

/** @throws UsageError without a project in the config, EnvironmentError where it is not up */
export async function healCompose(cwd: string, config: Config | null): Promise<Healing> {
  if (config?.compose === undefined)
    throw new UsageError('tripcurve.config.ts: compose is not set, so there is no project to heal');
  const { files, entry, links, toxiproxy } = config.compose;
  const project = new ComposeProject(cwd, files, {});
  const healing = newHealing();
  const { found, lifted, verified, left } = healing;
  for (const { service, port } of [links, toxiproxy]) {
    const url = `http://${formatAddress(await project.port(service, port))}`;
    try {
      const before = await residueAt(url);
      found.push(...before);
      await controlCall(`${url}/reset`, `resetting ${service}`, {
        method: 'POST',
        body: {},
        limitMs: CALL_LIMIT_MS,
      });
      const after = await residueAt(url);
      left.push(...after.map((one) => `${one} is still there`));
      lifted.push(...before.filter((one) => !after.includes(one)));
      if (after.length === 0) verified.push(`no fault on ${service}, every listener up`);
    } catch (error) {
      left.push(messageOf(error));
    }
  }
  const { host, port } = await project.port(entry.service, entry.port);
  await answersReady(
    new URL(config.target.readyPath ?? '/', `http://${formatAddress({ host, port })}`).href,
  ).then(
    () => verified.push('the target is ready'),
    (error: unknown) => left.push(messageOf(error)),
  );
  return healing;
}

async function residueAt(url: string): Promise<string[]> {
  const shown = await shownAt(url, CALL_LIMIT_MS);
  return shown.flatMap(({ name, enabled, toxics, faults = [] }) => [
    ...(enabled ? [] : [`${name} disabled at ${url}`]),
    ...[...toxics, ...faults].map((fault) => `${fault.name} on ${name} at ${url}`),
  ]);
}
