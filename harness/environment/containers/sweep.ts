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
/**
 * So long a network without containers may still hold an endpoint. After that Docker has lost count of it
 * (seen with 20.10: no container, no endpoint of any name, and yet "has active endpoints" until it is restarted).
 */
const STUCK_AFTER_MS = 10_000;

export type Docker = ContainerRuntimeClient['container']['dockerode'];

/**
 * Removes until nothing has been found for `quietMs`: what Docker was asked to make before may still appear.
 * @returns names of networks that have no container and that Docker does not give up all the same
 * @throws Docker's error when something else is left after `limitMs`
 */
export async function sweep(
  docker: Docker,
  id: string,
  quietMs: number,
  limitMs: number,
  stuckAfterMs = STUCK_AFTER_MS,
): Promise<string[]> {
  const deadlineMs = performance.now() + limitMs;
  let quietSinceMs = performance.now();
  let stuckSinceMs = Infinity;
  for (;;) {
    const { found, failed, held } = await removeOnce(docker, id);
    const nowMs = performance.now();
    if (found > 0) quietSinceMs = nowMs;
    else if (nowMs - quietSinceMs >= quietMs) return [];
    if (found === held.length) stuckSinceMs = Math.min(stuckSinceMs, nowMs);
    else stuckSinceMs = Infinity;
    if (nowMs - stuckSinceMs >= Math.max(quietMs, stuckAfterMs)) return held;
    if (nowMs > deadlineMs) throw failed ?? new Error(`${found} containers and networks of ${id} are left`);
    // There is no event for "nothing more comes".
    await delay(EVERY_MS);
  }
}

interface Round {
  found: number;
  failed: unknown;
  /** Names of networks that Docker keeps for an endpoint's sake. */
  held: string[];
}

async function removeOnce(docker: Docker, id: string): Promise<Round> {
  const filters = { label: [`${ENVIRONMENT_LABEL}=${id}`] };
  const containers = await docker.listContainers({ all: true, filters });
  const gone = await Promise.allSettled(
    containers.map(({ Id }) => docker.getContainer(Id).remove({ force: true, v: true })),
  );
  const networks = await docker.listNetworks({ filters });
  const removed = await Promise.allSettled(networks.map(({ Id }) => docker.getNetwork(Id).remove()));
  // 404 and 409: somebody else is about it already, or an endpoint of a container is still going.
  const failed = [...gone, ...removed].find((result) => result.status === 'rejected')?.reason;
  const held = networks.flatMap(({ Name }, i) => (isHeld(removed[i]) ? [Name] : []));
  return { found: containers.length + networks.length, failed, held };
}

function isHeld(result: PromiseSettledResult<unknown> | undefined): boolean {
  return result?.status === 'rejected' && result.reason?.statusCode === 403;
}
