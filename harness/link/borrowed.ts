/**
 * Injects on proxies that belong to somebody else: on a Toxiproxy, on links of ours that a person has put
 * before the dependencies, or on both. It makes nothing without having it written down first, and undoes
 * nothing that it has not made.
 */
import { EnvironmentError } from '../model/errors.ts';
import type { Fault } from '../model/fault.ts';
import { controlCall } from './control-call.ts';
import { resolveFault } from './faults.ts';
import type { Protocol } from './link.ts';
import { type Dialect, type Found, isSameMade, type Made, madeName, madeText } from './made.ts';
import { newRemovals, proxyUrl, remains, shownAt, undo } from './undo.ts';

/** As in FaultClient: a control call slower than this has failed. */
const CONTROL_TIMEOUT_MS = 5_000;
/** Lifting is tried in steps; none may hold up the rest. */
const LIFT_TIMEOUT_MS = 1_500;

/** An API, and which of its proxies stands for which link. */
export interface Borrowed {
  url: string;
  proxies: Readonly<Record<string, string>>;
}

export interface BorrowedOptions {
  run: string;
  /** Links of ours: they tell what they see, and inject what is above TCP. */
  links: Borrowed | null;
  /** A real Toxiproxy, which then injects the toxics. */
  toxiproxy: Borrowed | null;
  protocols: Readonly<Record<string, Protocol>>;
  /** How the proxies were. */
  found: readonly Found[];
  /** Settles when it is where whoever outlives this process will find it. Awaited before it is made. */
  note(what: 'made' | 'lifted', made: Made): Promise<void>;
  /** Told of each fault where no link of ours tells of it. */
  tell?(what: 'injected' | 'healed', link: string, name: string, spec: Fault | null): void;
}

interface Armed {
  link: string;
  name: string;
  made: Made[];
}

export class BorrowedLinks {
  readonly #options: BorrowedOptions;
  #armed: Armed[] = [];

  constructor(options: BorrowedOptions) {
    this.#options = options;
  }

  /** @throws EnvironmentError where an API refuses or does not answer in time. */
  async inject(link: string, name: string, fault: Fault): Promise<void> {
    const { run, protocols, links } = this.#options;
    const id = madeName(run, name);
    const armable = resolveFault(fault, id, protocols[link] ?? 'tcp', `fault ${name} on ${link}`);
    const doing = `injecting ${fault.type} on ${link}`;
    const armed: Armed = { link, name, made: [] };
    // Registered first: one that fails half-way is lifted all the same.
    this.#armed.push(armed);
    this.#options.tell?.('injected', link, name, fault);
    switch (armable.plane) {
      case 'listener': {
        const { how, expiresMs } = armable;
        for (const dialect of ['toxiproxy', 'links'] as const) {
          const body = dialect === 'links' ? { enabled: false, closed: how, expiresMs } : { enabled: false };
          if (this.#isEnabled(dialect, link)) await this.#make(armed, dialect, 'disabled', '', doing, body);
        }
        if (armed.made.length === 0)
          throw new EnvironmentError(`${doing}: its proxy was disabled before this run came`);
        return;
      }
      case 'toxic': {
        const { kind, stream, toxicity, attributes, match, times, expiresMs } = armable.toxic;
        const body = { name: id, type: kind.type, stream, toxicity, attributes };
        if (this.#options.toxiproxy === null) {
          await this.#make(armed, 'links', 'toxic', id, doing, { ...body, match, times, expiresMs });
          return;
        }
        // The link is told first, so that nothing the toxic hits is seen before the fault.
        if (links !== null) await this.#make(armed, 'links', 'shadow', id, doing, fault);
        await this.#make(armed, 'toxiproxy', 'toxic', id, doing, body, waitOf(kind.type, attributes));
        return;
      }
      case 'protocol':
        await this.#make(armed, 'links', 'fault', id, doing, { name: id, ...fault });
        return;
    }
  }

  /** Lifts one fault; one that is already lifted is left alone. @throws EnvironmentError where it stays */
  lift(link: string, name: string): Promise<void> {
    return this.#lift((armed) => armed.link === link && armed.name === name);
  }

  /** Lifts every fault of a link, or of all. @throws EnvironmentError when one could not be; the others are. */
  heal(link: string | 'all'): Promise<void> {
    return this.#lift((armed) => link === 'all' || armed.link === link);
  }

  /** What of this run is still injected; what others have injected is their business. */
  async residue(): Promise<string[]> {
    const { run, found } = this.#options;
    const disabled: Made[] = found
      .filter(({ proxy }) => proxy.enabled)
      .map(({ url, dialect, proxy }) => ({ url, dialect, proxy: proxy.name, what: 'disabled', name: '' }));
    const left: string[] = [];
    for (const { url, dialect } of this.#apis()) {
      const shown = await shownAt(url, CONTROL_TIMEOUT_MS);
      const ours = shown.filter(({ name }) =>
        found.some((one) => one.url === url && one.proxy.name === name),
      );
      left.push(...remains({ url, dialect }, ours, run, disabled).map(madeText));
      for (const { url: at, proxy } of found)
        if (at === url && !shown.some(({ name }) => name === proxy.name))
          left.push(`${proxy.name} is missing at ${url}`);
    }
    return left;
  }

  /** All at once: faults of one proxy must not each make it anew. */
  async #lift(isDue: (armed: Armed) => boolean): Promise<void> {
    const due = this.#armed.filter(isDue);
    this.#armed = this.#armed.filter((armed) => !isDue(armed));
    const made = due.flatMap((armed) => armed.made);
    const left = await undo(made, this.#options.found, LIFT_TIMEOUT_MS);
    for (const one of made)
      if (!left.some((stays) => isSameMade(stays.made, one))) await this.#options.note('lifted', one);
    for (const one of newRemovals(left, made)) await this.#options.note('made', one);
    for (const armed of due) {
      const stays = left.filter(({ made: { url, proxy } }) =>
        armed.made.some((one) => one.url === url && one.proxy === proxy),
      );
      // What stays is tried again by the next heal.
      if (stays.length > 0) this.#armed.push({ ...armed, made: stays.map((one) => one.made) });
      else this.#options.tell?.('healed', armed.link, armed.name, null);
    }
    const [first] = left;
    if (first !== undefined) throw new EnvironmentError(first.why);
  }

  #apis(): (Borrowed & { dialect: Dialect })[] {
    const { links, toxiproxy } = this.#options;
    return [
      ...(links === null ? [] : [{ ...links, dialect: 'links' as const }]),
      ...(toxiproxy === null ? [] : [{ ...toxiproxy, dialect: 'toxiproxy' as const }]),
    ];
  }

  #isEnabled(dialect: Dialect, link: string): boolean {
    const proxy = this.#options[dialect]?.proxies[link];
    return this.#options.found.some(
      (one) => one.dialect === dialect && one.proxy.name === proxy && one.proxy.enabled,
    );
  }

  async #make(
    armed: Armed,
    dialect: Dialect,
    what: Made['what'],
    name: string,
    doing: string,
    body: object,
    waitsMs = 0,
  ): Promise<void> {
    const api = this.#options[dialect];
    const proxy = api?.proxies[armed.link];
    if (api === null || proxy === undefined)
      throw new EnvironmentError(`${doing}: nothing stands for ${armed.link}`);
    const made: Made = {
      url: api.url,
      dialect,
      proxy,
      what,
      name,
      ...(waitsMs === 0 ? {} : { waitsMs }),
    };
    await this.#options.note('made', made);
    armed.made.push(made);
    const at = proxyUrl(api.url, proxy);
    const limit = { limitMs: CONTROL_TIMEOUT_MS };
    if (what === 'disabled') await controlCall(at, doing, { method: 'POST', body, ...limit });
    else if (what === 'shadow')
      await controlCall(`${at}/shadows/${encodeURIComponent(name)}`, doing, {
        method: 'PUT',
        body,
        ...limit,
      });
    else await controlCall(`${at}/${what}s`, doing, { method: 'POST', body, ...limit });
  }
}

/** Toxiproxy sleeps through this one toxic's timeout once bytes have come, and cannot be woken. */
function waitOf(type: string, { timeout }: Record<string, unknown>): number {
  return type === 'reset_peer' && typeof timeout === 'number' ? timeout : 0;
}
