/** Links as a server of their own, without an environment: what `tripcurve proxy` runs. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { EnvironmentError, messageOf, UsageError } from '../model/errors.ts';
import { seedFor } from '../model/random.ts';
import { clockFrom } from '../model/time.ts';
import { validate } from '../model/validate.ts';
import { ApiError, FaultBody, ProxyBody, ToxicBody } from './api/body.ts';
import { type Proxies, populate } from './api/proxies.ts';
import { buildApi } from './api/server.ts';
import { EventFeed } from './feed.ts';
import { Link } from './link.ts';

export interface ProxyServerOptions {
  host: string;
  port: number;
  seed: number;
  /** Toxiproxy's config file: a JSON array of proxies. Toxics and faults in it are honoured. */
  config?: string | undefined;
  /** API of a real Toxiproxy behind these links; see ApiOptions. */
  behind?: string | undefined;
  warn(text: string): void;
}

export interface ProxyServer extends AsyncDisposable {
  url: string;
  links: ReadonlyMap<string, Link>;
}

/** In a file a slip is told; over the API, Toxiproxy's clients may send what they like. */
const ConfigFile = z.array(
  ProxyBody.extend({
    toxics: z.array(ToxicBody.strict()).default([]),
    faults: z.array(FaultBody).default([]),
  }).strict(),
);

/**
 * Starts the API, and the proxies of the config file behind it.
 * @throws UsageError where the file is wrong, EnvironmentError where an address is taken
 */
export async function startProxyServer(options: ProxyServerOptions): Promise<ProxyServer> {
  const { host, port, seed, config, behind, warn } = options;
  const bodies = config === undefined ? [] : await readConfigFile(config);
  const links = new Map<string, Link>();
  const feed = new EventFeed();
  const now = clockFrom(process.hrtime.bigint());
  const proxies: Proxies = {
    links,
    warn,
    makeLink: (name, listen, upstream, protocol) =>
      new Link({ name, listen, upstream, protocol, seed: seedFor(seed, name), now, emit: feed.emit }),
  };
  const api = buildApi({ ...proxies, feed, now, behind });
  const close = async (): Promise<void> => {
    await api.close();
    await Promise.all([...links.values()].map((link) => link.dispose()));
  };
  try {
    await populate(proxies, bodies, () => {});
    return { url: await api.listen({ host, port }), links, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    const where = error instanceof ApiError && config !== undefined ? `${config}: ` : '';
    throw new EnvironmentError(`${where}${messageOf(error)}`);
  }
}

async function readConfigFile(file: string): Promise<ProxyBody[]> {
  let value: unknown;
  try {
    value = JSON.parse(await readFile(file, 'utf8'));
  } catch (error) {
    throw new UsageError(`${file}: cannot be read: ${messageOf(error)}`);
  }
  return validate(ConfigFile, value, file);
}
