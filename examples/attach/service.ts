/** A service that runs already, as yours does: asks its dependency for each request, through whatever DEPENDENCY_URL names. */
import http from 'node:http';

const { DEPENDENCY_URL = 'http://127.0.0.1:9001' } = process.env;
const TIMEOUT_MS = 200;

http
  .createServer(async (request, response) => {
    if (request.url === '/ready') {
      response.end();
      return;
    }
    const status = await fetch(DEPENDENCY_URL, { signal: AbortSignal.timeout(TIMEOUT_MS) }).then(
      (answer) => answer.status,
      () => 502,
    );
    response.writeHead(status).end();
  })
  .listen(9000, '127.0.0.1');
