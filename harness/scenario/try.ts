/**
 * A first look at a target: it is brought up behind its links, one request of each kind is sent, and what was seen is
 * told. Nothing is injected and nothing judged; it shows whether a scenario would have anything to look at.
 */
import { type Environment, linksIn } from '../environment/environment.ts';
import { warmUp } from '../load/engine.ts';
import { planLoad } from '../load/plan.ts';
import { type Config, withProfile } from '../model/config.ts';
import { count } from '../model/count.ts';
import { within } from '../model/deadline.ts';
import type { HistoryEvent, RequestEvent, Unnumbered } from '../model/history.ts';
import { seedFor } from '../model/random.ts';
import { Traffic } from '../model/scenario.ts';
import { clockFrom, type Nanoseconds, toMs } from '../model/time.ts';
import { watchAllBreakers } from '../probe/breakers.ts';

/** One thing that was looked for. `no`: a scenario would have nothing to judge there. */
export interface TryFinding {
  ok: 'yes' | 'no' | 'note';
  what: string;
  says: string;
}

export interface TryOptions {
  config: Config;
  cwd: string;
  environment: Environment;
  profile: string;
  run: string;
  seed: number;
  logDir: string;
}

type Seen = Unnumbered<HistoryEvent>;

/** A breaker that can be read at all has been read by then. */
const BREAKERS_LIMIT_MS = 2_000;
/** The link tells of an exchange a little after the caller has its answer. */
const LAG_NS = 50e6;

/** @throws UsageError or EnvironmentError where the target does not come up; nothing is left behind then */
export async function tryTarget(options: TryOptions): Promise<TryFinding[]> {
  const { cwd, environment, profile, run, seed, logDir } = options;
  const config = withProfile(options.config, profile);
  const originNs = process.hrtime.bigint();
  const now = clockFrom(originNs);
  const seen: Seen[] = [];
  const named = new Set<string>();
  const links = linksIn(environment, config);
  let readyT: Nanoseconds;
  let entryUrl: string;
  {
    await using running = await environment.up({
      ...{ config, cwd, profile, mutant: null, links, hidesNames: false, run, seed, logDir, originNs, now },
      emit: (event) => void seen.push(event),
    });
    entryUrl = running.entryUrl;
    readyT = now();
    const stop = new AbortController();
    const names = Object.keys(config.requests);
    const traffic = Traffic.parse({
      ratePerSecond: 1,
      mix: Object.fromEntries(names.map((name) => [name, 1])),
    });
    const plan = names.flatMap((name) =>
      planLoad(
        { ...traffic, arrivals: 'constant', ratePerSecond: 1_000, mix: { [name]: 1 } },
        config,
        1.5,
        seedFor(seed, name),
        `${run}-${name}`,
      ).slice(0, 1),
    );
    const { served } = config;
    const load = { entryUrl, plan, traffic, served, links: Object.keys(config.links), now };
    const one = { ...load, startT: now(), emit: (event: Seen) => void seen.push(event), signal: stop.signal };
    await warmUp(one, 1); // one round, request after request
    let all: (() => void) | undefined;
    const told = new Promise<void>((resolve) => {
      all = resolve;
    });
    const wanted = Object.keys(config.target.breakers);
    const watching = watchAllBreakers(
      config.target,
      entryUrl,
      now,
      (event) => {
        seen.push(event);
        named.add(event.link);
        if (wanted.every((link) => named.has(link))) all?.();
      },
      stop.signal,
    );
    if (wanted.length > 0) await within(BREAKERS_LIMIT_MS, 'breaker states', told).catch(() => {}); // told below, as what it is
    stop.abort();
    await watching;
  }
  // Only now has the environment told all that it saw.
  const startedT =
    seen.find((event) => event.kind === 'process' && event.name === config.target.name)?.t ?? 0;
  const up: TryFinding = {
    ok: 'yes',
    what: config.target.name,
    says: `ready at ${entryUrl} after ${Math.round(toMs(readyT - startedT))} ms`,
  };
  return [
    up,
    ...requestFindings(config, seen),
    ...linkFindings(config, seen, readyT),
    ...breakerFindings(config, seen),
  ];
}

function requestFindings(config: Config, seen: readonly Seen[]): TryFinding[] {
  return requestsIn(seen).map((request) => {
    const { name, status, outcome, servedBy, startT, endT } = request;
    const { method, path } = config.requests[name] ?? { method: '', path: '' };
    const took = `${status ?? outcome} in ${Math.round(toMs(endT - startT))} ms`;
    const about = `${method} ${path}: ${took}`;
    if (outcome !== 'ok')
      return {
        ok: 'no',
        what: name,
        says: `${about}; a scenario needs it to be answered 2xx when all is well`,
      };
    if (config.served === undefined) return { ok: 'yes', what: name, says: about };
    if (servedBy === null)
      return {
        ok: 'no',
        what: name,
        says: `${about}, and it does not say how it was served (served in the config)`,
      };
    const live =
      servedBy === 'live' ? '' : '; when all is well this should be live (served.ways in the config)';
    return { ok: live === '' ? 'yes' : 'no', what: name, says: `${about}, served ${servedBy}${live}` };
  });
}

function linkFindings(config: Config, seen: readonly Seen[], readyT: Nanoseconds): TryFinding[] {
  const requests = requestsIn(seen);
  return Object.keys(config.links).map((link) => {
    const uses = seen.filter(isUse).filter((use) => use.link === link);
    const refused = uses.find((event) => event.kind === 'connection' && event.what === 'refused');
    if (refused !== undefined)
      return { ok: 'no', what: link, says: 'what stands behind it did not accept the connection; is it up?' };
    const atStart = uses.filter(({ t }) => t < readyT).length > 0;
    const by = requests.flatMap((request) => {
      const own = uses.filter(({ t }) => t >= request.startT && t <= request.endT + LAG_NS);
      const calls = own.filter(({ kind }) => kind !== 'connection');
      return own.length === 0
        ? []
        : [
            {
              name: request.name,
              says: `${request.name}: ${count(calls.length, 'call')}${callText(calls[0])}`,
            },
          ];
    });
    const start = atStart ? 'used at start' : 'not used at start';
    const missing = Object.entries(config.requests)
      .filter(([name, { needs }]) => needs.includes(link) && !by.some((used) => used.name === name))
      .map(([name]) => name);
    const says = [start, ...by.map((used) => used.says)].join('; ');
    if (by.length === 0 && !atStart)
      return {
        ok: 'no',
        what: link,
        says: `nobody used it: ${howItLearns(config, link)}`,
      };
    if (missing.length > 0)
      return {
        ok: 'no',
        what: link,
        says: `${says}; ${missing.join(', ')} did not use it and is said to need it (requests in the config)`,
      };
    return { ok: 'yes', what: link, says };
  });
}

function howItLearns({ target }: Config, link: string): string {
  const variables = Object.entries(target.start?.env ?? {}).flatMap(([name, text]) =>
    text.includes(`link.${link}.`) ? [name] : [],
  );
  return variables.length === 0
    ? 'no variable in target.start.env holds its address'
    : `does the service take the address from ${variables.join(', ')}?`;
}

function breakerFindings({ target }: Config, seen: readonly Seen[]): TryFinding[] {
  return Object.keys(target.breakers).map((link) => {
    const told = seen.find((event) => event.kind === 'breaker' && event.link === link);
    return told?.kind === 'breaker'
      ? { ok: 'yes', what: `breaker ${link}`, says: `says that it is ${told.to}` }
      : {
          ok: 'no',
          what: `breaker ${link}`,
          says: `no state was read (target.breakers.${link} in the config)`,
        };
  });
}

type Use = Extract<Seen, { kind: 'connection' | 'exchange' | 'statement' }>;

function isUse(event: Seen): event is Use {
  return event.kind === 'connection' || event.kind === 'exchange' || event.kind === 'statement';
}

function requestsIn(seen: readonly Seen[]): Unnumbered<RequestEvent>[] {
  return seen.filter((event) => event.kind === 'request');
}

function callText(call: Use | undefined): string {
  if (call?.kind === 'exchange') return ` (${call.method} ${call.path}, ${call.status ?? 'no answer'})`;
  return call?.kind === 'statement' ? ` (${call.command})` : '';
}
