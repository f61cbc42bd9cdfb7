/** Bulk over one raw connection: how fast many bytes come down, or go up. */
import { once } from 'node:events';
import net from 'node:net';
import { EnvironmentError } from '../harness/model/errors.ts';

const PIECE = Buffer.alloc(256 * 1024, 'u');
/** One buffer for all that comes: the client must not be the slow one. */
const READ_BUFFER = Buffer.alloc(256 * 1024);
const LIMIT_MS = 60_000;
const HEAD_BYTES_MAX = 1_024;

/** Bytes per second of a download. */
export async function download(port: number, byteCount: number): Promise<number> {
  const started = performance.now();
  const seconds = (): number => (performance.now() - started) / 1000;
  await converse(port, byteCount, (socket) => {
    socket.write(`GET /bytes/${byteCount} HTTP/1.1\r\nhost: bench\r\n\r\n`);
  });
  return byteCount / seconds();
}

/** Bytes per second of an upload, until its answer has come. */
export async function upload(port: number, byteCount: number): Promise<number> {
  const started = performance.now();
  await converse(port, 1, async (socket) => {
    socket.write(`POST /upload HTTP/1.1\r\nhost: bench\r\ncontent-length: ${byteCount}\r\n\r\n`);
    for (let leftBytes = byteCount; leftBytes > 0; leftBytes -= PIECE.length) {
      const piece = leftBytes < PIECE.length ? PIECE.subarray(0, leftBytes) : PIECE;
      if (!socket.write(piece)) await once(socket, 'drain');
    }
  });
  return byteCount / ((performance.now() - started) / 1000);
}

/** Connects, lets `send` send, and settles when a head and more than `byteCount` bytes less the head have come. */
async function converse(
  port: number,
  byteCount: number,
  send: (socket: net.Socket) => void | Promise<void>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let leftBytes = byteCount;
  let headSeen = false;
  const socket = net.connect({
    port,
    host: '127.0.0.1',
    noDelay: true,
    onread: {
      buffer: READ_BUFFER,
      callback: (bytes) => {
        leftBytes -= bytes;
        if (!headSeen) {
          headSeen = true;
          const head = READ_BUFFER.toString('latin1', 0, Math.min(bytes, HEAD_BYTES_MAX));
          leftBytes += head.indexOf('\r\n\r\n') + 4;
        }
        if (leftBytes <= 0) resolve();
        return true;
      },
    },
  });
  socket.on('error', reject);
  socket.on('close', () => reject(new EnvironmentError(`port ${port}: closed before all bytes had come`)));
  socket.setTimeout(LIMIT_MS, () => socket.destroy());
  try {
    await Promise.all([send(socket), promise]);
  } finally {
    socket.destroy();
  }
}
