/**
 * Every command that docs/operations shows is one that exists: npm's scripts, tripcurve's commands with their options,
 * services of the Compose project, files, endpoints. None is run here; what they printed is in the pages.
 */
import { existsSync } from 'node:fs';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import { buildProgram } from '../../harness/cli/program.ts';
import { readComposeFile } from '../support/compose.ts';
import { type Shown, shownCommands } from '../support/doc-commands.ts';
import { REPOSITORY } from '../support/workshop.ts';

const FOLDER = path.join(REPOSITORY, 'docs/operations');
const pages = (await readdir(FOLDER)).filter((name) => name.endsWith('.md'));
const texts = new Map<string, string>();
for (const page of pages) texts.set(page, await readFile(path.join(FOLDER, page), 'utf8'));

const { services } = await readComposeFile();
const compose = await readFile(path.join(REPOSITORY, 'docker-compose.yml'), 'utf8');
const { scripts } = JSON.parse(await readFile(path.join(REPOSITORY, 'package.json'), 'utf8')) as {
  scripts: Record<string, string>;
};
const program = buildProgram();
const endpoints = await sourcesOf('services/mimo/http');
const settings = await sourcesOf('services/mimo');

async function sourcesOf(folder: string): Promise<string> {
  const files = await readdir(path.join(REPOSITORY, folder));
  const sources = files.filter((name) => name.endsWith('.ts'));
  const read = sources.map((name) => readFile(path.join(REPOSITORY, folder, name), 'utf8'));
  return (await Promise.all(read)).join('\n');
}

/** Files that a command makes, or that the operator has. */
const THEIRS = /^(\.|\.\.\/mimo\.env|before\.dump|\$.*)$/;

function expectFile(file: string): void {
  if (!THEIRS.test(file)) expect([file, existsSync(path.join(REPOSITORY, file))]).toEqual([file, true]);
}

function expectScript(words: readonly string[]): void {
  const [verb, name = ''] = words;
  if (verb === 'ci') expect(words.slice(1)).toEqual(['--omit=dev']);
  else expect([verb, Object.keys(scripts)]).toEqual(['run', expect.arrayContaining([name])]);
}

function expectTripcurve([name = '', ...rest]: readonly string[]): void {
  const command = program.commands.find((each) => each.name() === name);
  if (command === undefined) throw new Error(`npx tripcurve ${name}: no such command`);
  const known = command.options.map(({ long }) => long);
  for (const word of rest) {
    if (word.startsWith('--')) expect(known).toContain(word.split('=')[0]);
    else if (word.includes('/')) expectFile(word);
  }
}

/** Of `docker compose SUBCOMMAND …`: which words are services. */
function expectCompose(words: readonly string[]): void {
  const [profile, rest] = words[0] === '--profile' ? [words[1] ?? '', words.slice(2)] : [null, [...words]];
  if (profile !== null) {
    expect(Object.values(services).flatMap((service) => service.profiles ?? [])).toContain(profile);
  }
  const [subcommand = '', ...all] = rest;
  const plain = all.filter((word) => !word.startsWith('-') && !/^\d+m?$/.test(word));
  switch (subcommand) {
    case 'exec':
    case 'run': {
      const [service = '', program = '', file = ''] = plain;
      expect(Object.keys(services)).toContain(service);
      if (program === 'node') expectFile(file);
      return;
    }
    case 'cp': {
      const [from = ''] = plain;
      expect(compose).toContain(`mimo:${path.posix.dirname(from.split(':')[1] ?? '')}`);
      return;
    }
    case 'port': {
      const [service = ''] = plain;
      expect(services[service]?.ports?.join()).toContain(`:${all.at(-1)}`);
      return;
    }
    case 'up':
    case 'build':
    case 'images':
    case 'logs':
    case 'ps':
    case 'restart':
    case 'start':
    case 'stop':
      for (const service of plain) expect(Object.keys(services)).toContain(service);
      return;
    default:
      throw new Error(`docker compose ${subcommand}: this test does not know how to check it`);
  }
}

function expectCurl(words: readonly string[]): void {
  const url = words.find((word) => /^(\$\w+|http:\/\/[\w.:]+)\//.test(word)) ?? '';
  const [, host = '', endpoint = ''] = /^(\$\w+|http:\/\/[\w.:]+)(\/.*)$/.exec(url) ?? [];
  if (host === '$PROM') expect(endpoint).toMatch(/^\/api\/v1\//);
  else expect(endpoints).toContain(endpoint === '' ? 'no endpoint' : endpoint);
}

/** Programs of others; their own words are not ours to know. */
const FOREIGN: ReadonlySet<string> = new Set([
  'amtool',
  'cd',
  'cp',
  'git',
  'grep',
  'kill',
  'pg_dump',
  'ps',
  'psql',
  'tail',
  'promtool',
]);

function expectReal({ program: name, words }: Shown): void {
  switch (name) {
    case 'npm':
      expectScript(words);
      break;
    case 'npx':
      expect(words[0]).toBe('tripcurve');
      expectTripcurve(words.slice(1));
      break;
    case 'docker':
      if (words[0] === 'compose') expectCompose(words.slice(1));
      else expect(words).toEqual(['stats', '--no-stream']);
      break;
    case 'node':
      if (words[0] !== '--version') expectFile(words.at(-1) ?? '');
      break;
    case 'curl':
      expectCurl(words);
      break;
    case 'promtool':
      if (words[0] === 'check') expectFile(words.at(-1) ?? '');
      break;
    default:
      if (!FOREIGN.has(name)) throw new Error(`${name}: this test does not know how to check it`);
  }
}

/** Set by a page for its later lines. */
const OURS: ReadonlySet<string> = new Set(['MIMO', 'PROM', 'AM']);

const isRead = (name: string): boolean => compose.includes(`\${${name}`) || settings.includes(`${name}:`);

/** A variable is one that the service or the Compose file reads, or one that an earlier line of a page sets. */
function expectVariable(name: string, value: string): void {
  if (name === 'COMPOSE_ENV_FILES') expectFile(value);
  else if (!OURS.has(name)) expect([name, isRead(name)]).toEqual([name, true]);
}

describe.each([...texts])('docs/operations/%s', (_page, text) => {
  const shown = shownCommands(text);

  test('shows commands', () => expect(shown.length).toBeGreaterThan(3));

  test.each(shown.map((each) => [each.text, each] as const))('%s', (_text, each) => {
    for (const [name, value] of each.variables) expectVariable(name, value);
    if (each.program !== '') expectReal(each);
  });
});

test.each([
  ['npm run db:migrat', /db:migrat/],
  ['npx tripcurve runn', /no such command/],
  ['npx tripcurve run --tagg quick', /--tagg/],
  ['npx tripcurve run scenarios/llm/no-such.scenario.ts', /no-such/],
  ['docker compose restart mino', /mino/],
  ['docker compose destroy', /destroy/],
  ['curl -s $MIMO/health/reddy', /reddy/],
  ['node services/mimo/mian.ts', /mian/],
  ['systemctl restart mimo', /systemctl/],
])('a slip would be seen: %s', (line, why) => {
  const [shown] = shownCommands(`\`\`\`\n${line}\n\`\`\``);
  expect(() => expectReal(shown as Shown)).toThrow(why);
});
