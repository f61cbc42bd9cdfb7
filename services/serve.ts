/** How every stand-in starts: listens where it is told, announces itself in one line, and leaves when asked. */
import type { FastifyInstance } from 'fastify';

/** Starts `app` from HOST, PORT (0: any) and EXIT_WITH_STDIN (1: leave when stdin closes). */
export async function serve(app: FastifyInstance): Promise<void> {
  const { HOST: host = '127.0.0.1', PORT = '0', EXIT_WITH_STDIN } = process.env;
  const port = Number(PORT);
  if (!Number.isInteger(port) || port < 0 || port > 65535) {
    console.error(`PORT must be a whole number from 0 to 65535, got ${PORT}`);
    process.exit(2);
  }
  const leave = (): void => {
    void app.close().then(() => process.exit(0));
  };
  process.once('SIGTERM', leave);
  process.once('SIGINT', leave);
  if (EXIT_WITH_STDIN === '1') process.stdin.resume().once('end', leave);
  try {
    const listening = await app.listen({ host, port });
    console.log(JSON.stringify({ listening }));
  } catch (error) {
    console.error(
      `cannot listen on ${host}:${port}: ${error instanceof Error ? error.message : String(error)}`,
    );
    process.exit(2);
  }
}
