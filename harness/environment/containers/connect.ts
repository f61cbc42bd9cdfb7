/** Loads Testcontainers, which not everybody has, and finds Docker. */
import type { ContainerRuntimeClient } from 'testcontainers';
import { EnvironmentError, messageOf, UsageError } from '../../model/errors.ts';

const LOOPBACK = '127.0.0.1';

/** Testcontainers' reaper, by the name that its version 12 gives it. */
const REAPER_IMAGE = 'testcontainers/ryuk:0.14.0';

export type Kinds = typeof import('./kinds.ts');

/**
 * @throws UsageError where npm's packages are missing, EnvironmentError where no Docker daemon answers
 */
export async function connect(): Promise<{ client: ContainerRuntimeClient; kinds: Kinds }> {
  let kinds: Kinds;
  try {
    kinds = await import('./kinds.ts');
  } catch (error) {
    throw new UsageError(
      `--env testcontainers needs npm's testcontainers, @testcontainers/postgresql and @testcontainers/toxiproxy, version 12: ${messageOf(error)}`,
    );
  }
  const { getContainerRuntimeClient, ImageName } = await import('testcontainers');
  // Ports are published there alone; left to guess, it takes a bridge's address where it thinks it is in a container.
  process.env.TESTCONTAINERS_HOST_OVERRIDE = LOOPBACK;
  let client: ContainerRuntimeClient;
  try {
    client = await getContainerRuntimeClient();
  } catch {
    throw new EnvironmentError(
      'no Docker daemon answers: start Docker, or leave out --env testcontainers (the embedded environment needs no Docker)',
    );
  }
  // Our own watcher removes what a dead rig left; the reaper does so too, but is not worth a download.
  const reaper = ImageName.fromString(process.env.RYUK_CONTAINER_IMAGE ?? REAPER_IMAGE);
  if (process.env.TESTCONTAINERS_RYUK_DISABLED === undefined && !(await client.image.exists(reaper)))
    process.env.TESTCONTAINERS_RYUK_DISABLED = 'true';
  return { client, kinds };
}
