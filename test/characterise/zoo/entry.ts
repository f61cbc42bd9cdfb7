/**
 * The entry of every service of the zoo: `POST /ask` with a key, which is asked of the dependency, so that no
 * cache answers. Announces itself in one line and leaves when stdin closes.
 */
import http from 'node:http';

/** Where the dependency is, as the rig says it. */
export const UPSTREAM = process.env.UPSTREAM ?? '';

/** How an answer was come by; `live`: asked of the dependency. */
export type ServedBy = string;

/** Serves; `ask` throws where the caller is to get an error. */
export function serve(ask: (key: string) => Promise<ServedBy>): void {
  listen(async (path, text) => {
    if (path !== '/ask') return { status: 200 };
    const { key } = JSON.parse(text) as { key: string };
    try {
      return { status: 200, servedBy: await ask(key) };
    } catch {
      return { status: 502 };
    }
  });
}

interface Answer {
  status: number;
  servedBy?: ServedBy;
  body?: string;
}

/** Listens on PORT, announces it, and leaves with stdin. */
export function listen(answer: (path: string, body: string) => Promise<Answer>): void {
  const server = http.createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      void answer(request.url ?? '/', Buffer.concat(chunks).toString()).then(({ status, servedBy, body }) => {
        if (servedBy !== undefined) response.setHeader('served-by', servedBy);
        response.writeHead(status, { 'content-type': 'application/json' }).end(body ?? '{}');
      });
    });
  });
  server.on('error', (error) => {
    console.error(error.message);
    process.exit(2);
  });
  // The rig keeps its connections; a close by this end would look like a failure.
  server.keepAliveTimeout = 600_000;
  server.listen(Number(process.env.PORT ?? 0), '127.0.0.1', () => {
    const address = server.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    console.log(JSON.stringify({ listening: `http://127.0.0.1:${port}` }));
  });
  process.stdin.resume().once('end', () => process.exit(0));
}
