/**
 * Arms and lifts faults over the Toxiproxy API, through toxiproxy-node-client, so that the same code
 * drives our links and a real Toxiproxy. Every call is bounded: a control API can hang (Toxiproxy
 * #558), and a rig that waits for it for ever heals nothing.
 */
import { Toxiproxy } from 'toxiproxy-node-client';
import { within } from '../model/deadline.ts';
import { EnvironmentError, messageOf } from '../model/errors.ts';
import type { Fault } from '../model/fault.ts';
import { resolveFault } from './faults.ts';
import type { Protocol } from './link.ts';

/** A control call slower than this has failed: Toxiproxy itself gives up at 25 s, an outage rehearsal cannot. */
export const CONTROL_TIMEOUT_MS = 5_000;

interface Armed {
  link: string;
  name: string;
  lift(): Promise<void>;
}

export class FaultClient {
  readonly #url: string;
  readonly #toxiproxy: Toxiproxy;
  readonly #protocols: Readonly<Record<string, Protocol>>;
  #armed: Armed[] = [];

  /** @param url of the API, such as `http://127.0.0.1:8474` */
  constructor(url: string, protocols: Readonly<Record<string, Protocol>>) {
    this.#url = url;
    this.#toxiproxy = new Toxiproxy(url);
    this.#protocols = protocols;
  }

  /**
   * Arms a fault on a link under a name that is unique there.
   * @throws EnvironmentError where the API refuses or does not answer in time.
   */
  async inject(link: string, name: string, fault: Fault): Promise<void> {
    const armable = resolveFault(fault, name, this.#protocols[link] ?? 'tcp', `fault ${name} on ${link}`);
    const doing = `injecting ${fault.type} on ${link}`;
    switch (armable.plane) {
      case 'listener': {
        const { how: closed, expiresMs } = armable;
        // The client's types know neither `closed` nor a lease; a real Toxiproxy ignores both.
        await this.#call('POST', `/proxies/${encodeURIComponent(link)}`, doing, {
          enabled: false,
          closed,
          expiresMs,
        });
        this.#remember({ link, name, lift: () => this.#enable(link) });
        return;
      }
      case 'toxic': {
        const { kind, stream, toxicity, attributes, match, times, expiresMs } = armable.toxic;
        const proxy = await bounded(doing, this.#toxiproxy.get(link));
        // The client's type union lacks what goes beyond Toxiproxy.
        const body = {
          name,
          type: kind.type,
          stream,
          toxicity,
          attributes,
          match,
          times,
          expiresMs,
        } as Parameters<typeof proxy.addToxic>[0];
        const toxic = await bounded(doing, proxy.addToxic(body));
        this.#remember({ link, name, lift: () => bounded(`lifting ${name} from ${link}`, toxic.remove()) });
        return;
      }
      case 'protocol': {
        const path = `/proxies/${encodeURIComponent(link)}/faults`;
        await this.#call('POST', path, doing, { name, ...fault });
        const lift = (): Promise<void> =>
          this.#call('DELETE', `${path}/${encodeURIComponent(name)}`, `lifting ${name} from ${link}`);
        this.#remember({ link, name, lift });
        return;
      }
    }
  }

  /** Lifts one fault; one that is already lifted is left alone. */
  async lift(link: string, name: string): Promise<void> {
    const armed = this.#armed.find((candidate) => candidate.link === link && candidate.name === name);
    if (armed === undefined) return;
    this.#armed = this.#armed.filter((candidate) => candidate !== armed);
    await armed.lift();
  }

  /** Lifts every fault of a link, or of all. */
  async heal(link: string | 'all'): Promise<void> {
    const due = this.#armed.filter((armed) => link === 'all' || armed.link === link);
    await Promise.all(due.map((armed) => this.lift(armed.link, armed.name)));
  }

  /** What is still injected, whoever injected it; one sentence each. */
  async residue(): Promise<string[]> {
    const proxies = await bounded('listing the links', this.#toxiproxy.getAll());
    const left: string[] = [];
    for (const [name, proxy] of Object.entries(proxies)) {
      if (!proxy.enabled) left.push(`link ${name} is down`);
      const toxics = await this.#list(`/proxies/${encodeURIComponent(name)}/toxics`);
      const faults = await this.#list(`/proxies/${encodeURIComponent(name)}/faults`);
      for (const { name: fault } of [...toxics, ...faults]) left.push(`${fault} on ${name}`);
    }
    return left;
  }

  #remember(armed: Armed): void {
    this.#armed.push(armed);
  }

  async #enable(link: string): Promise<void> {
    const doing = `restoring ${link}`;
    const proxy = await bounded(doing, this.#toxiproxy.get(link));
    await bounded(doing, proxy.update({ enabled: true, listen: proxy.listen, upstream: proxy.upstream }));
  }

  async #list(path: string): Promise<{ name: string }[]> {
    const response = await fetch(this.#url + path, { signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS) });
    // A real Toxiproxy has no /faults and so has none to leave behind.
    if (response.status === 404) return [];
    return (await response.json()) as { name: string }[];
  }

  async #call(method: string, path: string, doing: string, body?: object): Promise<void> {
    const response = await fetch(this.#url + path, {
      method,
      signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new EnvironmentError(`${doing}: ${messageOf(error)}`);
    });
    if (!response.ok)
      throw new EnvironmentError(`${doing}: the link answered ${response.status} ${await response.text()}`);
  }
}

/** Waits for a call of the library, which has no limit of its own. */
async function bounded<T>(doing: string, call: Promise<T>): Promise<T> {
  try {
    return await within(CONTROL_TIMEOUT_MS, "an answer from the link's API", call);
  } catch (error) {
    throw new EnvironmentError(`${doing}: ${messageOf(error)}`);
  }
}
