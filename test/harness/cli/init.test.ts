import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { answersOf } from '../../../harness/cli/init.ts';
import { commandAnswer, linkAnswer, requestAnswer } from '../../../harness/cli/init-answers.ts';
import { askFor, type Told } from '../../../harness/cli/init-ask.ts';
import { eventually, processesWith } from '../../support/processes.ts';
import { Cleanup, listen } from '../../support/sockets.ts';
import { type Finished, tripcurve } from '../../support/workshop.ts';

const LIMIT_MS = 60_000;

/** A service that knows nothing of us: a port from its environment, a dependency from another variable. */
const SERVICE = `
import http from 'node:http';
http.createServer(async (request, response) => {
  const asked = process.env.SHOP_URL ?? '';
  if (request.url === '/deaf') return response.end('{}');
  const status = await fetch(asked).then((answer) => answer.status, () => 502);
  response.writeHead(status).end(JSON.stringify({ cached: false }));
}).listen(Number(process.env.PORT), '127.0.0.1');
`;
const NODE = process.execPath;

const cleanup = new Cleanup();
let dir = '';
beforeEach(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
  cleanup.add(() => rm(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 }));
  await writeFile(path.join(dir, 'service.mjs'), SERVICE);
});
afterEach(() => cleanup.run());

const run = (...args: string[]): Promise<Finished> => tripcurve(dir, ...args).finished;
const written = async (): Promise<string[]> =>
  (await readdir(dir, { recursive: true })).filter((name) => /ya?ml|json/.test(name));

describe('init', () => {
  const good = ['--start', `${NODE} service.mjs`, '--link', 'shop=stub', '--request', 'GET /goods'];

  test(
    'writes a config and a scenario, starts the service behind its link once, and says what it saw',
    async () => {
      const { code, stdout, stderr } = await run(
        'init',
        ...good,
        '--served',
        'json:cached',
        '--way',
        'false=live',
      );
      expect(stderr).toBe('');
      expect(stdout).toMatch(/✓ goods +GET \/goods: 200 in \d+ ms, served live/);
      expect(stdout).toMatch(/✓ shop +used at start; goods: 1 call \(GET \/, 200\)/);
      expect(code).toBe(0);
      expect((await run('list')).stdout).toMatch(/shop\/reset +shop +reset_peer/);
    },
    LIMIT_MS,
  );

  test(
    'overwrites nothing unless told to',
    async () => {
      const file = path.join(dir, 'tripcurve.config.yaml');
      await writeFile(file, 'mine');
      const { code, stderr } = await run('init', ...good);
      expect(stderr).toBe('tripcurve: tripcurve.config.yaml: is there already; --force replaces it\n');
      expect(code).toBe(2);
      expect(await readFile(file, 'utf8')).toBe('mine');
      expect((await run('init', ...good, '--force', '--no-try')).code).toBe(0);
      expect(await readFile(file, 'utf8')).toContain('SHOP_URL');
    },
    LIMIT_MS,
  );

  test(
    'says so when no request uses the link',
    async () => {
      const { code, stdout, stderr } = await run(
        'init',
        ...good.slice(0, -1),
        'GET /deaf',
        '--ready',
        '/deaf',
      );
      expect(stdout).toMatch(/✗ shop +nobody used it: does the service take the address from SHOP_URL\?/);
      expect(stderr).toContain('a scenario would have nothing to judge of shop');
      expect(code).toBe(3);
    },
    LIMIT_MS,
  );

  test(
    'a service behind a shell is gone when the look is over, and one that ends says its last words',
    async () => {
      const mark = path.basename(dir);
      await run('init', ...good.slice(2), '--start', `cd . && ${NODE} service.mjs ${mark}; true`, '--no-try');
      expect((await run('try')).code).toBe(0);
      await eventually('the service to be gone', 5_000, async () => (await processesWith(mark)).length === 0);
      await run('init', ...good.slice(2), '--force', '--no-try', '--start', `${NODE} none.mjs`);
      const { code, stderr } = await run('try');
      expect(stderr).toMatch(/ended \(code 1\) before it was ready: .*Cannot find module/);
      expect(code).toBe(2);
    },
    LIMIT_MS,
  );

  test(
    'a port that somebody has is not taken for the service',
    async () => {
      const port = await listen(
        cleanup,
        http.createServer((_request, response) => response.end()),
      );
      const { code, stderr } = await run('init', ...good, '--url', `http://127.0.0.1:${port}`);
      expect(stderr).toBe(
        `tripcurve: target.entry: something listens at http://127.0.0.1:${port} already; end it, or let the target have a port of its own with {{port}}\n`,
      );
      expect(code).toBe(2);
    },
    LIMIT_MS,
  );

  test('for a service that runs it writes the links that go between', async () => {
    const told = ['--url', 'http://127.0.0.1:9', '--link', 'shop=127.0.0.1:80', '--request', 'GET /goods'];
    const { code, stdout } = await run('init', ...told);
    expect(stdout).toMatch(/SHOP_URL at 127\.0\.0\.1:\d+ instead of its address now/);
    expect(await written()).toEqual(
      expect.arrayContaining(['tripcurve.config.yaml', 'tripcurve.links.json']),
    );
    expect(code).toBe(0);
  });

  test('without a terminal it says what it needs, and writes nothing', async () => {
    const { code, stderr } = await run('init');
    expect(stderr).toBe(
      'tripcurve: init needs --start "COMMAND" or --url URL, and --link NAME=HOST:PORT (or NAME=stub), and --request "GET /path"\n',
    );
    expect(code).toBe(2);
    expect(await written()).toEqual([]);
  });
});

describe('what init is told', () => {
  const told: Told = { start: 'x', link: ['p=h:1'], variable: [], request: ['GET /a'], way: [], breaker: [] };
  test.each<[{ [key in keyof Told]?: Told[key] | undefined }, RegExp]>([
    [{ link: ['p=1'] }, /--link: p: "1" must be host:port/],
    [{ link: ['p=a:1:ftp'] }, /no protocol "ftp"; one of http, postgres, tcp/],
    [{ link: ['p=a:70000'] }, /must be host:port/],
    [{ link: ['P=a:1'] }, /the name "P" must be a small letter/],
    [{ link: ['p'] }, /"p" must be NAME=…/],
    [{ link: ['c=h:6379:tcp'] }, /--link c: say which variable leads the service there/],
    [{ link: ['p=h:1', 'p=h:2'] }, /p is told twice/],
    [{ link: ['p=stub {x'] }, /what follows stub must be JSON/],
    [{ link: ['p=https://h'], url: 'http://h:1', start: undefined }, /speaks no TLS/],
    [{ link: ['p=stub'], url: 'http://h:1', start: undefined }, /runs already has its dependency/],
    [{ request: ['FOO /a'] }, /must be METHOD \/path/],
    [{ request: ['POST /a {x'] }, /what follows the path must be JSON/],
    [{ request: ['GET /a', 'GET /a/b'] }, /a is told twice; name one/],
    [{ breaker: ['q=actuator'] }, /--breaker: no link "q"/],
    [{ breaker: ['p=x'] }, /LINK=actuator\[:NAME\]/],
    [{ served: 'foo' }, /must be header:NAME, json:PATH or status:CODE=WAY/],
    [{ way: ['a=b'] }, /--way needs --served/],
    [{ url: 'https://h:1' }, /must be http:\/\/HOST:PORT/],
    [{ variable: ['9=x'] }, /"9" is no name of an environment variable/],
    [{ ready: 'x' }, /must be a path/],
  ])('%j is refused in one sentence', (change, sentence) => {
    const given = { ...told, ...change };
    expect(() => answersOf(given as Told, 'folder')).toThrow(sentence);
  });

  test.each([
    ['p=127.0.0.1:9100', { protocol: 'http', address: '127.0.0.1:9100' }, '{{link.p.url}}'],
    ['p=db:5432', { protocol: 'postgres', address: 'db:5432' }, null],
    ['p=http://h/v1', { protocol: 'http', address: 'h:80' }, 'http://{{link.p.host}}:{{link.p.port}}/v1'],
    [
      'p=https://h/v1',
      { protocol: 'http', address: 'h:443', tls: {} },
      'http://{{link.p.host}}:{{link.p.port}}/v1',
    ],
    [
      'p=postgres://u:{{env.PW}}@h/d?x=1',
      { protocol: 'postgres', address: 'h:5432' },
      'postgres://u:{{env.PW}}@{{link.p.host}}:{{link.p.port}}/d?x=1',
    ],
    ['p=redis://h:7/0', { protocol: 'tcp', address: 'h:7' }, 'redis://{{link.p.host}}:{{link.p.port}}/0'],
  ])('%s is a link', (text, { protocol, ...dependency }, template) => {
    expect(linkAnswer(text)).toMatchObject({ link: { protocol, dependency }, template, variable: 'P_URL' });
  });

  test('a command is words, or a line for a shell', () => {
    expect(commandAnswer('java -jar "my app.jar" --server.port={{port}}')).toEqual([
      'java',
      '-jar',
      'my app.jar',
      '--server.port={{port}}',
    ]);
    expect(commandAnswer('cd api && npm start')).toEqual(['sh', '-c', 'cd api && npm start']);
    expect(requestAnswer('POST /orders {"item":1}')).toEqual([
      'orders',
      { method: 'POST', path: '/orders', headers: { 'content-type': 'application/json' }, body: { item: 1 } },
    ]);
  });

  test('at a terminal it is asked for; a wrong answer is told so and asked for again', async () => {
    const input = new PassThrough();
    const output = new PassThrough();
    const asked = askFor({ link: [], variable: [], request: [], way: [], breaker: [] }, input, output);
    input.end(
      [
        'python3 app.py',
        'http://127.0.0.1:80a',
        '',
        'prices',
        'prices=h:1',
        '',
        '',
        'GET /a',
        '',
        'json:source',
        'prices=actuator',
        '',
        '',
      ].join('\n'),
    );
    expect(await asked).toMatchObject({
      start: 'python3 app.py',
      link: ['prices=h:1'],
      request: ['GET /a'],
      served: 'json:source',
      breaker: ['prices=actuator'],
    });
    const shown = String(output.read());
    expect(shown).toContain('"prices" must be NAME=…');
    // What is taken here is taken in the end too.
    expect(shown).toContain('the address: "http://127.0.0.1:80a" must be http://HOST:PORT, without a path');
  });

  test('who goes away while asked gets nothing written', async () => {
    const input = new PassThrough();
    const asked = askFor(
      { link: [], variable: [], request: [], way: [], breaker: [] },
      input,
      new PassThrough(),
    );
    input.end('python3 app.py\n');
    await expect(asked).rejects.toThrow('nobody answers any more: nothing was written');
  });
});

describe('a config in YAML', () => {
  test.each([
    ['a: [', /tripcurve\.config\.yaml: is no YAML/],
    [
      'target: { name: t }\nlinks: {}\nrequests: { a: { method: GET, path: /, needs: [x] } }',
      /requests\.a\.needs: no link "x"/,
    ],
    [
      'target: { name: t, breakers: { x: { json: a, path: /b } } }\nlinks: {}\nrequests: {}',
      /target\.breakers: no link "x"/,
    ],
  ])('%j is refused in one sentence', async (text, sentence) => {
    await writeFile(path.join(dir, 'tripcurve.config.yaml'), text);
    const { code, stderr } = await run('list');
    expect(stderr).toMatch(sentence);
    expect(stderr.trim().split('\n')).toHaveLength(1);
    expect(code).toBe(2);
  });

  test('beside one in TypeScript is one too many', async () => {
    for (const name of ['tripcurve.config.yaml', 'tripcurve.config.ts'])
      await writeFile(path.join(dir, name), '');
    expect((await run('list')).stderr).toContain(
      'tripcurve.config.ts and tripcurve.config.yaml are both here; keep one',
    );
  });
});
