/** `tripcurve proxy`: links behind Toxiproxy's API, for any of its clients; or a real Toxiproxy. */
import { once } from 'node:events';
import path from 'node:path';
import { Command, Option } from 'commander';
import { TOXIPROXY_API_VERSION } from '../link/api/server.ts';
import { startProxyServer } from '../link/proxy-server.ts';
import { findToxiproxy, TOXIPROXY_VARIABLE } from '../link/toxiproxy-binary.ts';
import { EnvironmentError } from '../model/errors.ts';
import { newSeed } from '../scenario/run-id.ts';
import { SEED, wholeNumber } from './options.ts';

interface Options {
  host: string;
  port: number;
  config?: string;
  seed?: number;
  engine: 'embedded' | 'toxiproxy';
  binary?: string;
  behind?: string;
}

/** Toxiproxy's own port. */
const TOXIPROXY_PORT = 8474;
const PORT_MAX = 65_535;

export function proxyCommand(): Command {
  return new Command('proxy')
    .description("serve links through Toxiproxy's API: any of its clients can drive them")
    .option('--host <host>', 'address of the API', '127.0.0.1')
    .option(
      '--port <n>',
      "port of the API; 0: of the kernel's choice",
      wholeNumber(0, PORT_MAX),
      TOXIPROXY_PORT,
    )
    .option('--config <file>', 'proxies to make at the start, as a JSON array; their toxics are honoured')
    .option('--behind <url>', 'API of a real Toxiproxy behind the links, which a lapsed lease heals too')
    .option(...SEED)
    .addOption(
      new Option('--engine <engine>', 'who proxies: our links, or a real Toxiproxy found on this machine')
        .choices(['embedded', 'toxiproxy'])
        .default('embedded'),
    )
    .option(
      '--binary <file>',
      `the Toxiproxy server to run (default: $${TOXIPROXY_VARIABLE}, PATH, Go's bin)`,
    )
    .action(async (options: Options) => {
      if (options.engine === 'toxiproxy') await becomeToxiproxy(options);
      else await serve(options);
    });
}

async function serve({ host, port, config, behind, seed = newSeed() }: Options): Promise<void> {
  const warn = (text: string): void => console.error(`tripcurve proxy: ${text}`);
  await using server = await startProxyServer({ host, port, config, behind, seed, warn });
  console.log(
    `tripcurve proxy: the API of Toxiproxy ${TOXIPROXY_API_VERSION} at ${server.url}, ${server.links.size === 1 ? '1 proxy' : `${server.links.size} proxies`}, seed ${seed}`,
  );
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
}

/** Hands this process over to the real server, so that no child is left when it is killed. */
async function becomeToxiproxy({ host, port, config, seed, binary }: Options): Promise<void> {
  const { file, version } = await findToxiproxy(binary);
  if (process.execve === undefined)
    throw new EnvironmentError(`this system cannot hand a process over; run ${file} yourself`);
  console.error(`tripcurve proxy: handing over to Toxiproxy ${version} (${file})`);
  const args = ['-host', host, '-port', String(port)];
  if (config !== undefined) args.push('-config', config);
  if (seed !== undefined) args.push('-seed', String(seed));
  process.execve(path.resolve(file), [file, ...args], process.env as Record<string, string>);
}
