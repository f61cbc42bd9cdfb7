/**
 * What stands behind a link. One whose process is ours can be killed, paused and started again; it then
 * has a new address, because ports are drawn by the kernel.
 */
import type { Address, Upstream } from '../link/address.ts';
import { EnvironmentError } from '../model/errors.ts';
import type { ProcessAction } from '../model/scenario.ts';
import type { Child } from './child.ts';

/** A started process and where it listens. */
export interface Started {
  child: Child;
  address: Address;
}

/** What can be done to a process, as opposed to its name. */
export type DependencyAction = Exclude<ProcessAction, 'hide-name' | 'show-name'>;

export interface Dependency {
  readonly upstream: Upstream;
  /** @throws EnvironmentError where the process is not ours, or does not start again. */
  act(action: DependencyAction): Promise<void>;
  /** Takes it down for good. */
  stop(): Promise<void>;
}

/** A dependency that was there before us. */
export function foreignDependency(name: string, upstream: Upstream): Dependency {
  return {
    upstream,
    act: (action) =>
      Promise.reject(
        new EnvironmentError(`${action} of ${name}: its process is not ours, only its address is known`),
      ),
    stop: () => Promise.resolve(),
  };
}

/** Starts a dependency of our own. `stopSignal` is what ends it in good order. */
export async function ownDependency(
  start: () => Promise<Started>,
  stopSignal: NodeJS.Signals = 'SIGTERM',
): Promise<Dependency> {
  let { child, address } = await start();
  const startAgain = async (): Promise<void> => {
    ({ child, address } = await start());
  };
  return {
    get upstream() {
      return address;
    },
    async act(action) {
      switch (action) {
        case 'kill':
          await child.stop('SIGKILL');
          return;
        case 'start':
          await startAgain();
          return;
        case 'restart':
          await child.stop(stopSignal);
          await startAgain();
          return;
        case 'pause':
          await child.pause();
          return;
        case 'resume':
          await child.resume();
          return;
      }
    },
    stop: () => child.stop(),
  };
}
