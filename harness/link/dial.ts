/**
 * The connection to the dependency, and how its bytes are read: into one buffer for all connections,
 * copied out at once. Node otherwise makes a 64 KiB buffer for every read, however little comes.
 */
import net from 'node:net';
import tls from 'node:tls';
import type { Upstream } from './address.ts';

/** As much as libuv would read at once. */
const READ_BYTES_MAX = 64 * 1024;
const HTTPS_PORT = 443;

/** Safe to share: a read and its callback are never interrupted, and nothing of it outlives them. */
const shared = Buffer.allocUnsafeSlow(READ_BYTES_MAX);

/** Begins to connect; with TLS where the link is to speak it in the target's place. */
export function dial({ host, port, tls: secure }: Upstream, onChunk: (chunk: Buffer) => void): net.Socket {
  if (secure === undefined) {
    const callback = (byteCount: number): boolean => {
      const chunk = Buffer.allocUnsafe(byteCount);
      shared.copy(chunk, 0, 0, byteCount);
      onChunk(chunk);
      return true; // whoever wants no more has paused the socket
    };
    return net.connect({
      host,
      port,
      allowHalfOpen: true,
      noDelay: true,
      onread: { buffer: shared, callback },
    });
  }
  // The plain socket is made here because only so can it be left half-open.
  const socket = tls.connect({
    socket: net.connect({ host, port, allowHalfOpen: true }),
    servername: secure.servername ?? (net.isIP(host) === 0 ? host : ''),
    ...(secure.ca === undefined ? {} : { ca: secure.ca }),
  });
  socket.setNoDelay(true);
  socket.on('data', onChunk);
  return socket;
}

/** What a server behind TLS expects to be called: its own name, not the link's. */
export function hostHeaderOf({ host, port, tls: secure }: Upstream): string {
  const name = secure?.servername ?? host;
  return port === HTTPS_PORT ? name : `${name}:${port}`;
}
