/** The sleeping owner of a black hole: listens, says so, and does nothing more until it is woken. */
import net from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';

const { address, wake } = workerData as { address: { host: string; port: number }; wake: Int32Array };
const server = net.createServer();
server.once('error', ({ message, code }: NodeJS.ErrnoException) =>
  parentPort?.postMessage({ error: { message, code } }),
);
server.listen({ ...address, backlog: 1 }, () => {
  parentPort?.postMessage({});
  Atomics.wait(wake, 0, 0); // the event loop stands still, so nothing is ever accepted
  server.close();
  parentPort?.close();
});
