/** Docker Compose as commands: what is asked of a project, and nothing of what it means. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { EnvironmentError } from '../model/errors.ts';

const run = promisify(execFile);

/** Making a container anew and waiting until it is healthy takes seconds; minutes mean that it never will be. */
const COMMAND_LIMIT_MS = 120_000;

/** A container of the project. */
export interface Service {
  name: string;
  id: string;
  state: string;
  health: string;
}

export class ComposeProject {
  readonly #cwd: string;
  readonly #files: readonly string[];
  readonly #env: Readonly<Record<string, string>>;

  /** @param env variables for the compose file's placeholders */
  constructor(cwd: string, files: readonly string[], env: Readonly<Record<string, string>>) {
    this.#cwd = cwd;
    this.#files = files;
    this.#env = env;
  }

  /** @throws EnvironmentError with what Docker said last */
  async command(...args: string[]): Promise<string> {
    const files = this.#files.flatMap((file) => ['-f', file]);
    try {
      const { stdout } = await run('docker', ['compose', ...files, ...args], {
        cwd: this.#cwd,
        env: { ...process.env, ...this.#env },
        timeout: COMMAND_LIMIT_MS,
        maxBuffer: 16 * 1024 * 1024,
      });
      return stdout;
    } catch (error) {
      const { stderr = '', message, code } = error as { stderr?: string; message: string; code?: string };
      if (code === 'ENOENT')
        throw new EnvironmentError(
          'docker is not on PATH: install it, or leave out --env compose (the embedded environment needs no Docker)',
        );
      const said = stderr.trim().split('\n').at(-1) ?? '';
      throw new EnvironmentError(`docker compose ${args.join(' ')}: ${said === '' ? message : said}`);
    }
  }

  /** The containers that run; stopped ones are left out. */
  async services(): Promise<Service[]> {
    const text = await this.command('ps', '--format', 'json');
    // One object a line since Compose 2.21, one array before.
    const parsed = text.trim().startsWith('[')
      ? (JSON.parse(text) as Record<string, string>[])
      : text
          .split('\n')
          .filter((line) => line.trim() !== '')
          .map((line) => JSON.parse(line) as Record<string, string>);
    return parsed.map(({ Service = '', ID = '', State = '', Health = '' }) => ({
      name: Service,
      id: ID,
      state: State,
      health: Health,
    }));
  }

  /** Where a port of a service is published on this machine. @throws EnvironmentError where it is not */
  async port(service: string, port: number): Promise<{ host: string; port: number }> {
    const text = (await this.command('port', service, String(port))).trim();
    const parsed = /^(.*):(\d+)$/.exec(text);
    if (parsed === null || parsed[2] === '0')
      throw new EnvironmentError(`service ${service} does not publish port ${port}`);
    return { host: parsed[1] ?? '127.0.0.1', port: Number(parsed[2]) };
  }
}
