/** What the service depends on: answers every request with a few words. */
import http from 'node:http';

const server = http.createServer((_request, response) => response.end('fine'));
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  console.log(JSON.stringify({ listening: `http://127.0.0.1:${port}` }));
});

const leave = (): never => process.exit(0);
process.once('SIGTERM', leave);
process.once('SIGINT', leave);
if (process.env.EXIT_WITH_STDIN === '1') process.stdin.resume().once('end', leave);
