/** A real Toxiproxy server as a child of the host, one proxy per link. */
import type { Address } from '../link/address.ts';
import { formatAddress, parseAddress } from '../link/address.ts';
import { EnvironmentError, messageOf } from '../model/errors.ts';
import type { Child } from './child.ts';

const CALL_TIMEOUT_MS = 5_000;
const UP_LIMIT_MS = 10_000;
const POLL_MS = 20;

/** Starts the server on a port; who owns children does it. */
export type StartToxiproxy = (port: number) => Child;

export class OwnedToxiproxy {
  readonly url: string;
  readonly #port: number;
  readonly #start: StartToxiproxy;
  readonly #proxies = new Map<string, { listen: string; upstream: string }>();
  #child: Child;

  private constructor(port: number, start: StartToxiproxy) {
    this.#port = port;
    this.#start = start;
    this.url = `http://127.0.0.1:${port}`;
    this.#child = start(port);
  }

  /** @throws EnvironmentError where it does not answer in time */
  static async up(port: number, start: StartToxiproxy): Promise<OwnedToxiproxy> {
    const toxiproxy = new OwnedToxiproxy(port, start);
    await toxiproxy.#answers();
    return toxiproxy;
  }

  /** Makes a proxy for a link; where it listens. */
  async proxy(name: string, upstream: Address): Promise<Address> {
    const { listen } = await this.#call('POST', '/proxies', {
      name,
      listen: '127.0.0.1:0',
      upstream: formatAddress(upstream),
    });
    this.#proxies.set(name, { listen, upstream: formatAddress(upstream) });
    return parseAddress(listen);
  }

  /** The dependency has moved. Toxiproxy closes the proxy's connections for it. */
  async redirect(name: string, upstream: Address): Promise<void> {
    const known = this.#proxies.get(name);
    if (known === undefined) return;
    known.upstream = formatAddress(upstream);
    await this.#call('POST', `/proxies/${encodeURIComponent(name)}`, { upstream: known.upstream });
  }

  /** For a control API that hangs: kills the server and starts it anew, with its proxies and no toxic. */
  async restart(): Promise<void> {
    await this.#child.stop('SIGKILL');
    this.#child = this.#start(this.#port);
    await this.#answers();
    for (const [name, { listen, upstream }] of this.#proxies)
      await this.#call('POST', '/proxies', { name, listen, upstream });
  }

  stop(): Promise<void> {
    return this.#child.stop('SIGKILL'); // it holds nothing that is worth a good-bye
  }

  /** Polls: its log says that it starts before it listens. */
  async #answers(): Promise<void> {
    const deadlineMs = performance.now() + UP_LIMIT_MS;
    for (;;) {
      const ok = await fetch(`${this.url}/version`).then(
        ({ status }) => status === 200,
        () => false,
      );
      if (ok) return;
      if (performance.now() > deadlineMs)
        throw new EnvironmentError(
          `Toxiproxy did not answer at ${this.url} within ${UP_LIMIT_MS} ms: ${this.#child.lastWords()}`,
        );
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
  }

  async #call(method: string, path: string, body: object): Promise<{ listen: string }> {
    try {
      const response = await fetch(this.url + path, {
        method,
        body: JSON.stringify(body),
        signal: AbortSignal.timeout(CALL_TIMEOUT_MS),
      });
      const text = await response.text();
      if (!response.ok) throw new Error(`${response.status} ${text.trim()}`);
      return JSON.parse(text) as { listen: string };
    } catch (error) {
      throw new EnvironmentError(`Toxiproxy: ${method} ${path}: ${messageOf(error)}`);
    }
  }
}
