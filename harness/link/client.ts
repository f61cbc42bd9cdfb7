/**
 * Arms and lifts faults over the Toxiproxy API, through toxiproxy-node-client where it serves, so that
 * the same code drives our links and a real Toxiproxy. Every call is bounded: a control API can hang
 * (Toxiproxy #558), and a rig that waits for it for ever heals nothing.
 */
import { Toxiproxy } from 'toxiproxy-node-client';
import { within } from '../model/deadline.ts';
import { EnvironmentError, messageOf } from '../model/errors.ts';
import type { Fault } from '../model/fault.ts';
import { resolveFault } from './faults.ts';
import { DOWN, type Protocol } from './link.ts';
import { type ProxyView, recreateProxy } from './real-toxiproxy.ts';
import type { ToxicSpec } from './toxic.ts';

/** A control call slower than this has failed: Toxiproxy itself gives up at 25 s, an outage rehearsal cannot. */
export const CONTROL_TIMEOUT_MS = 5_000;
/** Lifting is tried in steps, and a fault must not outstay its time while the first of them hangs. */
const LIFT_TIMEOUT_MS = 1_500;

interface Armed {
  link: string;
  name: string;
  lift(): Promise<void>;
}

export interface FaultClientOptions {
  /** API of our links, such as `http://127.0.0.1:8474`. */
  url: string;
  protocols: Readonly<Record<string, Protocol>>;
  /** API of a real Toxiproxy behind our links, which then injects the toxics; null: our links do. */
  toxiproxyUrl: string | null;
  /** Ends the real Toxiproxy and starts it anew with its proxies, where we own its process. */
  restartToxiproxy?: () => Promise<void>;
  /** How long each step of a lift may take, in ms. */
  liftTimeoutMs?: number;
}

export class FaultClient {
  readonly #options: FaultClientOptions;
  /** Who has the toxics. */
  readonly #toxiproxy: Toxiproxy;
  #armed: Armed[] = [];

  constructor(options: FaultClientOptions) {
    this.#options = options;
    this.#toxiproxy = new Toxiproxy(options.toxiproxyUrl ?? options.url);
  }

  /**
   * Arms a fault on a link under a name that is unique there.
   * @throws EnvironmentError where the API refuses or does not answer in time.
   */
  async inject(link: string, name: string, fault: Fault): Promise<void> {
    const protocol = this.#options.protocols[link] ?? 'tcp';
    const armable = resolveFault(fault, name, protocol, `fault ${name} on ${link}`);
    const doing = `injecting ${fault.type} on ${link}`;
    const path = `/proxies/${encodeURIComponent(link)}`;
    switch (armable.plane) {
      case 'listener': {
        const { how: closed, expiresMs } = armable;
        // Registered first: one that fails half-way is lifted all the same.
        this.#armed.push({ link, name, lift: () => this.#enable(link) });
        if (this.#options.toxiproxyUrl !== null) await this.#setEnabled(link, false, doing);
        await this.#call('POST', path, doing, { enabled: false, closed, expiresMs });
        return;
      }
      case 'toxic':
        await this.#addToxic(link, armable.toxic, fault, doing);
        return;
      case 'protocol':
        this.#armed.push({
          link,
          name,
          lift: () => this.#delete(`${path}/faults/${encodeURIComponent(name)}`, link, name),
        });
        await this.#call('POST', `${path}/faults`, doing, { name, ...fault });
        return;
    }
  }

  /** Tells a link that something is done to the process behind it; null: that is over. */
  async noteProcess(link: string, name: string, action: string | null): Promise<void> {
    const path = `/proxies/${encodeURIComponent(link)}/shadows/${encodeURIComponent(name)}`;
    if (action === null) await this.#delete(path, link, name);
    else {
      // Without its name a dependency is never dialled: what still passes is not hit by that.
      const body = { type: `process_${action}`, attributes: {}, acts: action !== 'hide-name' };
      await this.#call('PUT', path, `${action} of ${link}`, body);
    }
  }

  /** Tells a link that what stands behind it is disturbed by other means; null: that is over. */
  async noteDisturbance(link: string, name: string, disturbance: string | null): Promise<void> {
    const path = `/proxies/${encodeURIComponent(link)}/shadows/${encodeURIComponent(name)}`;
    if (disturbance === null) await this.#delete(path, link, name);
    else
      await this.#call('PUT', path, `${disturbance} of ${link}`, {
        type: `disturb_${disturbance}`,
        attributes: {},
      });
  }

  /** Lifts one fault; one that is already lifted is left alone. */
  async lift(link: string, name: string): Promise<void> {
    const armed = this.#armed.find((candidate) => candidate.link === link && candidate.name === name);
    if (armed === undefined) return;
    this.#armed = this.#armed.filter((candidate) => candidate !== armed);
    await armed.lift();
  }

  /** Lifts every fault of a link, or of all. @throws EnvironmentError when one could not be; the others are. */
  async heal(link: string | 'all'): Promise<void> {
    const due = this.#armed.filter((armed) => link === 'all' || armed.link === link);
    const lifted = await Promise.allSettled(due.map((armed) => this.lift(armed.link, armed.name)));
    const failed = lifted.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  }

  /**
   * Tells our links that we are there, for `ttlMs` from now: when it is not told again by then, they lift
   * every fault by themselves, also on the Toxiproxy behind them. 0 ends it.
   */
  async lease(ttlMs: number): Promise<void> {
    if (ttlMs === 0) await this.#call('DELETE', '/lease', 'ending the lease');
    else await this.#call('PUT', '/lease', 'renewing the lease', { ttlMs });
  }

  /** Where a link listens, as `http://host:port`. */
  async listenUrl(link: string): Promise<string> {
    const url = `${this.#options.url}/proxies/${encodeURIComponent(link)}`;
    return `http://${(await this.#get<ProxyView>(url, `asking where ${link} listens`)).listen}`;
  }

  /** What is still injected, whoever injected it; one sentence each. */
  async residue(): Promise<string[]> {
    const { url, toxiproxyUrl } = this.#options;
    const left: string[] = [];
    for (const api of toxiproxyUrl === null ? [url] : [url, toxiproxyUrl]) {
      const proxies = await this.#get<Record<string, ProxyView>>(`${api}/proxies`, 'listing the links');
      for (const [name, { enabled, closed, toxics, faults = [] }] of Object.entries(proxies)) {
        if (!enabled) left.push(`link ${name} is ${closed ?? DOWN}`);
        for (const { name: fault } of [...toxics, ...faults]) left.push(`${fault} on ${name}`);
      }
    }
    return left;
  }

  async #addToxic(link: string, toxic: ToxicSpec, fault: Fault, doing: string): Promise<void> {
    const { name, kind, stream, toxicity, attributes, match, times, expiresMs } = toxic;
    const shadow = `/proxies/${encodeURIComponent(link)}/shadows/${encodeURIComponent(name)}`;
    const isShadowed = this.#options.toxiproxyUrl !== null;
    this.#armed.push({
      link,
      name,
      lift: async () => {
        await this.#removeToxic(link, name);
        if (isShadowed) await this.#delete(shadow, link, name);
      },
    });
    // The link is told first, so that nothing the toxic hits is seen before the fault.
    if (isShadowed) await this.#call('PUT', shadow, doing, fault);
    const proxy = await bounded(doing, CONTROL_TIMEOUT_MS, this.#toxiproxy.get(link));
    // The client's type union lacks what goes beyond Toxiproxy.
    const body = { name, type: kind.type, stream, toxicity, attributes, match, times, expiresMs };
    await bounded(doing, CONTROL_TIMEOUT_MS, proxy.addToxic(body as Parameters<typeof proxy.addToxic>[0]));
  }

  async #removeToxic(link: string, name: string): Promise<void> {
    const doing = `lifting ${name} from ${link}`;
    const toxic = `${this.#proxyUrl(link)}/toxics/${encodeURIComponent(name)}`;
    await this.#orAnew(link, doing, async () => {
      const response = await fetch(toxic, { method: 'DELETE', signal: this.#liftLimit() });
      // 404: it has expired, or somebody else has lifted it.
      if (response.status !== 204 && response.status !== 404)
        throw new EnvironmentError(`${doing}: the link answered ${response.status}`);
    });
  }

  /**
   * Lifts a fault; where the API of a real Toxiproxy does not do it in time, makes the proxy anew, and
   * where that fails too, the whole of Toxiproxy if it is ours. A proxy made anew has no fault.
   */
  async #orAnew(link: string, doing: string, lift: () => Promise<void>): Promise<void> {
    try {
      await lift();
      return;
    } catch (error) {
      if (this.#options.toxiproxyUrl === null) throw new EnvironmentError(`${doing}: ${messageOf(error)}`);
    }
    try {
      await recreateProxy(this.#proxyUrl(link), doing, this.#options.liftTimeoutMs ?? LIFT_TIMEOUT_MS);
    } catch (error) {
      if (this.#options.restartToxiproxy === undefined) throw error;
      await this.#options.restartToxiproxy();
    }
  }

  #proxyUrl(link: string): string {
    return `${this.#options.toxiproxyUrl ?? this.#options.url}/proxies/${encodeURIComponent(link)}`;
  }

  #liftLimit(): AbortSignal {
    return AbortSignal.timeout(this.#options.liftTimeoutMs ?? LIFT_TIMEOUT_MS);
  }

  async #enable(link: string): Promise<void> {
    const doing = `restoring ${link}`;
    if (this.#options.toxiproxyUrl !== null) {
      const limitMs = this.#options.liftTimeoutMs ?? LIFT_TIMEOUT_MS;
      await this.#orAnew(link, doing, () => this.#setEnabled(link, true, doing, limitMs));
    }
    await this.#call('POST', `/proxies/${encodeURIComponent(link)}`, doing, { enabled: true });
  }

  async #setEnabled(
    link: string,
    enabled: boolean,
    doing: string,
    limitMs = CONTROL_TIMEOUT_MS,
  ): Promise<void> {
    const proxy = await bounded(doing, limitMs, this.#toxiproxy.get(link));
    const { listen, upstream } = proxy;
    await bounded(doing, limitMs, proxy.update({ enabled, listen, upstream }));
  }

  async #get<T>(url: string, doing: string): Promise<T> {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS) });
      return (await response.json()) as T;
    } catch (error) {
      throw new EnvironmentError(`${doing}: ${messageOf(error)}`);
    }
  }

  async #delete(path: string, link: string, name: string): Promise<void> {
    await this.#call('DELETE', path, `lifting ${name} from ${link}`, undefined, [404]);
  }

  async #call(
    method: string,
    path: string,
    doing: string,
    body?: object,
    alsoFine: readonly number[] = [],
  ): Promise<void> {
    const response = await fetch(this.#options.url + path, {
      method,
      signal: AbortSignal.timeout(CONTROL_TIMEOUT_MS),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    }).catch((error: unknown) => {
      throw new EnvironmentError(`${doing}: ${messageOf(error)}`);
    });
    if (!response.ok && !alsoFine.includes(response.status))
      throw new EnvironmentError(`${doing}: the link answered ${response.status} ${await response.text()}`);
  }
}

/** Waits for a call of the library, which has no limit of its own. */
async function bounded<T>(doing: string, limitMs: number, call: Promise<T>): Promise<T> {
  try {
    return await within(limitMs, "an answer from the link's API", call);
  } catch (error) {
    throw new EnvironmentError(`${doing}: ${messageOf(error)}`);
  }
}
