/**
 * A small service with one dependency and a policy that comes from the environment: what `tripcurve sweep
 * --verify` needs in order to try values for real. It asks the dependency once per request, gives up after a
 * timeout, and a breaker (cockatiel, consecutive failures) stands around both.
 */
import http from 'node:http';
import { BrokenCircuitError, ConsecutiveBreaker, circuitBreaker, handleAll } from 'cockatiel';
import { Pool } from 'undici';

/** A number above 0 from a variable. */
function setting(name: string, fallback: number): number {
  const value = Number(process.env[name] ?? fallback);
  if (Number.isFinite(value) && value > 0) return value;
  console.error(`policy-service: ${name} must be a number above 0, got "${process.env[name]}"`);
  process.exit(2);
}

const { DEPENDENCY_URL, PORT = '0', EXIT_WITH_STDIN } = process.env;
if (DEPENDENCY_URL === undefined) {
  console.error('policy-service: DEPENDENCY_URL is needed, such as http://127.0.0.1:8080');
  process.exit(2);
}

const timeoutMs = setting('CALL_TIMEOUT_MS', 300);
const dependency = new Pool(DEPENDENCY_URL, { connections: 64, headersTimeout: 0, bodyTimeout: 0 });
const breaker = circuitBreaker(handleAll, {
  breaker: new ConsecutiveBreaker(setting('BREAKER_FAILURES', 5)),
  halfOpenAfter: setting('BREAKER_OPEN_MS', 1_000),
});

/** @throws Error where there is no answer, or not a good one */
async function ask(path: string): Promise<string> {
  const { statusCode, body } = await dependency.request({
    method: 'GET',
    path,
    signal: AbortSignal.timeout(timeoutMs),
  });
  const text = await body.text();
  if (statusCode !== 200) throw new Error(`the dependency answered ${statusCode}`);
  return text;
}

const server = http.createServer((request, response) => {
  const path = request.url ?? '/';
  if (path === '/ready') {
    response.end();
    return;
  }
  breaker
    .execute(() => ask(path))
    .then(
      (text) => response.writeHead(200, { 'served-by': 'live' }).end(text),
      (error: unknown) => response.writeHead(error instanceof BrokenCircuitError ? 503 : 502).end(),
    );
});

server.on('error', (error) => {
  console.error(`policy-service: ${error.message}`);
  process.exit(2);
});
server.listen(Number(PORT), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  console.log(JSON.stringify({ listening: `http://127.0.0.1:${port}` }));
});

const leave = (): never => process.exit(0);
process.once('SIGTERM', leave);
process.once('SIGINT', leave);
// Whoever started it holds the other end: when that is gone, so is it.
if (EXIT_WITH_STDIN === '1') process.stdin.resume().once('end', leave);
