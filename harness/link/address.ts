/** Addresses: reads `host:port` as Go's net package writes it, which is what Toxiproxy's clients send. */

/** `host:port`, taken apart. */
export interface Address {
  host: string;
  port: number;
}

/** Where a dependency is, and how to speak to it. */
export interface Upstream extends Address {
  /** Given: the target speaks in the clear to the link, and the link speaks TLS to the dependency. */
  tls?: { servername?: string | undefined; ca?: string | undefined } | undefined;
}

/** What is wrong with an address, in Go's words. */
export class AddressError extends Error {}

/** `127.0.0.1:8080`, `[::1]:8080`, `:8080`, `localhost:0`. @throws AddressError */
export function parseAddress(text: string): Address {
  const parsed = /^(?:\[([^\]]+)\]|([^:]*)):([^:]*)$/.exec(text);
  if (parsed === null)
    throw new AddressError(
      `address ${text}: ${text.includes(':') ? 'too many colons in address' : 'missing port in address'}`,
    );
  const [, bracketed, plain, portText = ''] = parsed;
  if (!/^\d*$/.test(portText)) throw new AddressError(`lookup tcp/${portText}: unknown port`);
  const port = Number(portText);
  if (port > 65535) throw new AddressError(`address ${portText}: invalid port`);
  // An empty host means every interface to Go; a test rig stays on loopback unless told otherwise.
  return { host: bracketed ?? (plain || '127.0.0.1'), port };
}

/** The way back. */
export function formatAddress({ host, port }: Address): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
