/** A service of thirty lines with one dependency and no resilience at all: the rig must work for any service. */
import http from 'node:http';

const {
  UPSTREAM = '',
  ROLE = 'target',
  PORT = '0',
  CRASH = '',
  DECLARES = '',
  LEAVES = '',
  MUTANT = '',
} = process.env;
if (CRASH !== '') {
  console.error(CRASH);
  process.exit(7);
}

const dependency: http.RequestListener = (_request, response) => response.end('fine');

const target: http.RequestListener = (request, response) => {
  if (request.url === '/ready') {
    response.end();
    return;
  }
  if (request.url === '/declared' && DECLARES !== '') {
    response.end(DECLARES);
    return;
  }
  const asked = http.get(UPSTREAM, (answer) => {
    answer.resume();
    answer.on('end', () =>
      response
        .writeHead(answer.statusCode === 200 && MUTANT !== 'fails-always' ? 200 : 502, {
          'served-by': 'live',
        })
        .end(),
    );
  });
  asked.on('error', () => response.writeHead(502).end());
};

const server = http.createServer(ROLE === 'target' ? target : dependency);
server.on('error', (error) => {
  console.error(error.message);
  process.exit(2);
});
server.listen(Number(PORT), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  console.log(JSON.stringify({ listening: `http://127.0.0.1:${port}` }));
});
if (LEAVES !== '') {
  process.once('SIGTERM', () => {
    server.close(() => process.exit(0));
    server.closeIdleConnections();
  });
}
process.stdin.resume().once('end', () => process.exit(0));
