/** Sweeping where Docker does not do what it is asked; against a real one see test/docker/testcontainers.test.ts. */
import { describe, expect, test } from '@jest/globals';
import { type Docker, sweep } from '../../../harness/environment/containers/sweep.ts';

/** A Docker that removes a network or a container only when told so, and says why not. */
function stubborn({ containers = 0, networks = 0, status = 403 }): Docker {
  const refuse = (): Promise<never> =>
    Promise.reject(Object.assign(new Error('has active endpoints'), { statusCode: status }));
  const list = (count: number): { Id: string; Name: string }[] =>
    Array.from({ length: count }, (_, i) => ({ Id: `${i}`, Name: `net-${i}` }));
  const docker = {
    listContainers: () => Promise.resolve(list(containers)),
    listNetworks: () => Promise.resolve(list(networks)),
    getContainer: () => ({ remove: refuse }),
    getNetwork: () => ({ remove: refuse }),
  };
  return docker as unknown as Docker;
}

describe('sweep', () => {
  test('gives up on an empty network that Docker holds for an endpoint of nobody, and names it', async () => {
    await expect(sweep(stubborn({ networks: 1 }), 'e', 0, 5_000, 150)).resolves.toEqual(['net-0']);
  });

  test('does not while a container is left', async () => {
    const docker = stubborn({ networks: 1, containers: 1 });
    await expect(sweep(docker, 'e', 0, 300, 150)).rejects.toThrow('has active endpoints');
  });

  test('does not for another reason', async () => {
    await expect(sweep(stubborn({ networks: 1, status: 500 }), 'e', 0, 300, 150)).rejects.toThrow();
  });

  test('ends where nothing is left', async () => {
    await expect(sweep(stubborn({}), 'e', 0, 300)).resolves.toEqual([]);
  });
});
