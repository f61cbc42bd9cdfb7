/** The dependency of services on plain TCP: answers each line at once with a line. */
import net from 'node:net';

const server = net.createServer((socket) => {
  socket.on('error', () => {}); // a client that leaves abruptly is not our business
  socket.on('data', () => socket.write('fine\n'));
});
server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  console.log(JSON.stringify({ listening: `http://127.0.0.1:${port}` }));
});
process.stdin.resume().once('end', () => process.exit(0));
