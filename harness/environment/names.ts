/**
 * Names for links that can be taken away: the target runs in a mount namespace of its own, in which
 * /etc/hosts is a file of ours and no name server answers. Linux only; nothing outside the namespace changes.
 */
import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { EnvironmentError, messageOf } from '../model/errors.ts';

/** Reserved for such uses (RFC 2606), so no real name can be meant. */
const DOMAIN = 'tripcurve.test';

/** Refuses at once on loopback, so that a lookup fails in milliseconds with EAI_AGAIN. */
const RESOLV_CONF = 'nameserver 127.0.0.1\noptions attempts:1 timeout:1\n';

/** Mounts our two files and becomes the command. The files are named by $0 and $1. */
const SCRIPT = 'mount --bind "$0" /etc/hosts && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"';

/** The name under which a target finds a link. */
export function nameOf(link: string): string {
  return `${link}.${DOMAIN}`;
}

export class Names {
  readonly #hosts: string;
  readonly #resolvConf: string;
  readonly #before: string;
  readonly #known: Set<string>;

  private constructor(folder: string, before: string, links: readonly string[]) {
    this.#hosts = path.join(folder, 'hosts');
    this.#resolvConf = path.join(folder, 'resolv.conf');
    this.#before = before;
    this.#known = new Set(links);
  }

  /** @throws EnvironmentError where this system has no mount namespaces for us */
  static async up(folder: string, links: readonly string[]): Promise<Names> {
    await mkdir(folder, { recursive: true });
    const names = new Names(folder, await readFile('/etc/hosts', 'utf8').catch(() => ''), links);
    await writeFile(names.#resolvConf, RESOLV_CONF);
    await names.#write();
    const [file = '', ...args] = names.wrap(['true']);
    try {
      await promisify(execFile)(file, args, { timeout: 5_000 });
    } catch (error) {
      throw new EnvironmentError(
        `names cannot be hidden here: unshare and a mount namespace are needed (${messageOf(error)})`,
      );
    }
    return names;
  }

  /** A command that runs as the given one does, with our names. */
  wrap(command: readonly string[]): string[] {
    // Without root, a user namespace lends us the right to mount.
    const flags = os.userInfo().uid === 0 ? ['--mount'] : ['--mount', '--map-root-user'];
    return ['unshare', ...flags, '--', 'sh', '-c', SCRIPT, this.#hosts, this.#resolvConf, ...command];
  }

  /** From its return on the name of a link can (or cannot) be resolved. */
  async show(link: string, visible: boolean): Promise<void> {
    if (visible) this.#known.add(link);
    else this.#known.delete(link);
    await this.#write();
  }

  /** In place: the mount is of the file, not of its path. */
  async #write(): Promise<void> {
    const ours = [...this.#known].map((link) => `127.0.0.1 ${nameOf(link)}\n`).join('');
    await writeFile(this.#hosts, `${this.#before}\n${ours}`);
  }
}
