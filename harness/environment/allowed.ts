/** Which hosts an attached run may touch: loopback as it likes, others only where the config names them. */
import type { AttachConfig } from '../model/config.ts';
import { UsageError } from '../model/errors.ts';

/** Whether a URL's host is this machine, by its name or address alone. */
export function isLoopback(url: string): boolean {
  const host = hostOf(url);
  return host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);
}

/** The host of a URL, an IPv6 address without its brackets. */
export function hostOf(url: string): string {
  return new URL(url).hostname.replace(/^\[(.*)\]$/, '$1');
}

/**
 * What of it is not on loopback, in words.
 * @throws UsageError where that is not in `allowTargets`
 */
export function beyondLoopback({ entry, links, toxiproxy, allowTargets }: AttachConfig): string[] {
  const touched: [field: string, url: string, what: string][] = [
    ['entry', entry, 'sends load to'],
    ...(links === undefined ? [] : [faultsAt('links.url', links)]),
    ...(toxiproxy === undefined ? [] : [faultsAt('toxiproxy.url', toxiproxy)]),
  ];
  return touched
    .filter(([, url]) => !isLoopback(url))
    .map(([field, url, what]) => {
      const host = hostOf(url);
      if (!allowTargets.includes(host))
        throw new UsageError(
          `tripcurve.config.ts: attach.${field} is at ${host}, which is not on loopback; it is touched only where attach.allowTargets has "${host}"`,
        );
      return `${what} ${url}`;
    });
}

function faultsAt(
  field: string,
  { url, proxies }: { url: string; proxies: Readonly<Record<string, string>> },
): [string, string, string] {
  return [field, url, `injects faults on ${Object.values(proxies).join(', ')} at`];
}
