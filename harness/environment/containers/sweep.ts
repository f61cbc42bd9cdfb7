/**
 * Removes what belongs to one environment, whoever made it: containers and networks by their label.
 * Used by the rig when a scenario is over, and by the watcher when the rig is gone.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { ContainerRuntimeClient } from 'testcontainers';

/** Every container and network of an environment carries the environment's id here. */
export const ENVIRONMENT_LABEL = 'tripcurve.environment';
/** And the run's id here. */
export const RUN_LABEL = 'tripcurve.run';

const EVERY_MS = 100;

type Docker = ContainerRuntimeClient['container']['dockerode'];

/**
 * Removes until nothing has been found for `quietMs`: what Docker was asked to make before may still appear.
 * @throws Docker's error when something is left after `limitMs`
 */
export async function sweep(docker: Docker, id: string, quietMs: number, limitMs: number): Promise<void> {
  const deadlineMs = performance.now() + limitMs;
  let quietSinceMs = performance.now();
  for (;;) {
    const { found, failed } = await removeOnce(docker, id);
    const nowMs = performance.now();
    if (found > 0) quietSinceMs = nowMs;
    else if (nowMs - quietSinceMs >= quietMs) return;
    if (nowMs > deadlineMs) throw failed ?? new Error(`${found} containers and networks of ${id} are left`);
    // There is no event for "nothing more comes".
    await delay(EVERY_MS);
  }
}

async function removeOnce(docker: Docker, id: string): Promise<{ found: number; failed: unknown }> {
  const filters = { label: [`${ENVIRONMENT_LABEL}=${id}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const gone = await Promise.allSettled(
    containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })),
  );
  const networks = await docker.listNetworks({ filters });
  const removed = await Promise.allSettled(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
  // 404 and 409: somebody else is about it already, or an endpoint of a container is still going.
  const failed = [...gone, ...removed].find((result) => result.status === 'rejected')?.reason;
  return { found: containers.length + networks.length, failed };
}
