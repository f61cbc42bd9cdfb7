/**
 * The dependency of the benches: a static HTTP responder, in a process of its own. It does the least
 * that an answer takes, so that it is not what is measured. `GET /bytes/<n>` sends n bytes, a POST is
 * read to its end, anything else gets a few bytes. It reads request heads only, one at a time.
 */
import net from 'node:net';

const ANSWER = Buffer.from(
  'HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 13\r\n\r\n{"ok": true}\n',
);
const PIECE = Buffer.alloc(256 * 1024, 'x');
const GET = 'G'.charCodeAt(0);
/** Fifth byte of `GET /bytes/<n>`: the first of the path that can differ. */
const BYTES_PATH = 'b'.charCodeAt(0);

const server = net.createServer({ noDelay: true }, (socket) => {
  /** Bytes of a POST that are still to come; 0: between requests. */
  let leftBytes = 0;
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    if (leftBytes > 0) {
      leftBytes -= chunk.length;
      if (leftBytes <= 0) socket.write(ANSWER);
      return;
    }
    if (chunk[0] !== GET) {
      const head = chunk.toString('latin1', 0, chunk.indexOf('\r\n\r\n') + 4);
      leftBytes = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0) - (chunk.length - head.length);
      if (leftBytes <= 0) socket.write(ANSWER);
      return;
    }
    if (chunk[5] !== BYTES_PATH) {
      socket.write(ANSWER);
      return;
    }
    sendBytes(socket, Number.parseInt(chunk.toString('latin1', 11, 30), 10));
  });
});

function sendBytes(socket: net.Socket, byteCount: number): void {
  socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${byteCount}\r\n\r\n`);
  let leftBytes = byteCount;
  const send = (): void => {
    while (leftBytes > 0) {
      const piece = leftBytes < PIECE.length ? PIECE.subarray(0, leftBytes) : PIECE;
      leftBytes -= piece.length;
      if (!socket.write(piece)) {
        socket.once('drain', send);
        return;
      }
    }
  };
  send();
}

/** Room for the herd of connections that a load generator opens at once. */
const BACKLOG = 4_096;

server.listen({ host: '127.0.0.1', port: 0, backlog: BACKLOG }, () => {
  const { port } = server.address() as net.AddressInfo;
  console.log(`listening on ${port}`);
});
process.stdin.resume().on('end', () => process.exit()); // whoever started it has gone
