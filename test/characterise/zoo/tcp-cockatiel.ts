/** A connection for each call on plain TCP, behind cockatiel: breaker of consecutive failures around a timeout. */
import net from 'node:net';
import { ConsecutiveBreaker, circuitBreaker, handleAll, TimeoutStrategy, timeout, wrap } from 'cockatiel';
import { serve, UPSTREAM } from './entry.ts';

const { hostname, port } = new URL(UPSTREAM);
const policy = wrap(
  circuitBreaker(handleAll, { halfOpenAfter: 600, breaker: new ConsecutiveBreaker(4) }),
  timeout(300, TimeoutStrategy.Aggressive),
);

/** One line there, one back. @throws where the connection ends before the line has come */
function exchange(key: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host: hostname, port: Number(port) });
    let text = '';
    socket.setEncoding('utf8').on('data', (chunk) => {
      text += chunk;
      if (text.endsWith('\n')) socket.destroy();
    });
    socket.on('error', () => {}); // told by the close
    socket.on('close', () => (text.endsWith('\n') ? resolve('live') : reject(new Error('no answer'))));
    signal.addEventListener('abort', () => socket.destroy(), { once: true });
    socket.write(`${key}\n`);
  });
}

serve((key) => policy.execute(({ signal }) => exchange(key, signal)));
