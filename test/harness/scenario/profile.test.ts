/** Profiles that are variants of the whole: what they take the place of, and what a machine may lack for them. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { afterEach, describe, expect, test } from '@jest/globals';
import { compose } from '../../../harness/environment/compose.ts';
import { testcontainers } from '../../../harness/environment/testcontainers.ts';
import { Config, factsOf, withProfile } from '../../../harness/model/config.ts';
import { loadConfig } from '../../../harness/scenario/load.ts';
import { Cleanup } from '../../support/sockets.ts';
import { REPOSITORY, Workshop } from '../../support/workshop.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const postgres = { protocol: 'postgres', dependency: { postgres: { prepare: { command: ['true'] } } } };
const pooled = (link: string) => ({ protocol: 'postgres', dependency: { pgbouncer: { link } } });

describe('a config with a profile', () => {
  const config = Config.parse({
    target: { name: 'x', start: { command: ['x'] }, readyPath: '/' },
    profiles: {
      plain: { env: {} },
      pooled: {
        env: {},
        links: { db: pooled('behind'), behind: postgres },
        requests: { ask: { method: 'GET', path: '/new', needs: ['db', 'behind'] } },
        audits: { writes: { command: ['new'] } },
      },
    },
    links: { db: postgres, other: postgres },
    requests: {
      ask: { method: 'GET', path: '/old', needs: ['db'] },
      more: { method: 'GET', path: '/more', needs: [] },
    },
    audits: { writes: { command: ['old'] }, more: { command: ['more'] } },
  });

  test('has its links, requests and audits before those of the same name, and the rest as they were', () => {
    const { links, requests, audits } = withProfile(config, 'pooled');
    expect(Object.keys(links)).toEqual(['db', 'other', 'behind']);
    expect(links.db?.dependency).toEqual({ pgbouncer: { link: 'behind', settings: {} } });
    expect([requests.ask?.path, requests.more?.path]).toEqual(['/new', '/more']);
    expect([audits.writes?.command, audits.more?.command]).toEqual([['new'], ['more']]);
    expect(withProfile(config, 'plain')).toEqual(config);
  });

  test('tells a history which link leads on to which', () => {
    expect(factsOf(withProfile(config, 'pooled')).leadsTo).toEqual({ db: 'behind' });
    expect(factsOf(config).leadsTo).toEqual({});
  });
});

/** A folder whose config has a profile `pooled` with these links. */
async function workshop(links: object): Promise<Workshop> {
  const shop = await Workshop.open();
  cleanup.add(() => shop.close());
  const file = path.join(shop.dir, 'tripcurve.config.ts');
  const config = JSON.parse((await readFile(file, 'utf8')).slice('export default '.length, -1));
  config.profiles.pooled = { env: {}, links };
  await shop.write('tripcurve.config.ts', `export default ${JSON.stringify(config)};`);
  await shop.scenario();
  return shop;
}

describe('a link that leads on', () => {
  test.each([
    [{ db: pooled('behnd'), behind: postgres }, 'no link "behnd"; did you mean "behind"?'],
    [{ db: pooled('db') }, 'db must be a link of protocol postgres that leads on to no other'],
    [{ db: pooled('dep') }, 'dep must be a link of protocol postgres that leads on to no other'],
  ])('to where it cannot is said so: %j', async (links, says) => {
    const { code, stderr } = await (await workshop(links)).run('run');
    expect(stderr).toBe(
      `tripcurve: tripcurve.config.ts: profiles.pooled.links.db.dependency.pgbouncer.link: ${says}\n`,
    );
    expect(code).toBe(2);
  });
});

test('a variable of a profile may name a link, and a slip in it is said so', async () => {
  const shop = await Workshop.open();
  cleanup.add(() => shop.close());
  const file = path.join(shop.dir, 'tripcurve.config.ts');
  const config = JSON.parse((await readFile(file, 'utf8')).slice('export default '.length, -1));
  config.profiles.fast.env.OTHER = '{{link.dpe.url}}';
  await shop.write('tripcurve.config.ts', `export default ${JSON.stringify(config)};`);
  await shop.scenario();
  const { code, stdout } = await shop.run('run');
  expect(stdout).toContain(
    'profiles.fast.env.OTHER: unknown placeholder {{link.dpe.url}}; did you mean {{link.dep.url}}?',
  );
  expect(code).not.toBe(0);
}, 60_000);

describe('what a machine lacks', () => {
  test.each([
    ['pgbouncer', 'the Compose project has no service for postgres', compose],
    ['pgbouncer', 'no container is configured for postgres', testcontainers],
    ['chain', 'the Compose project has no service for llm-2', compose],
    ['chain', 'no container is configured for llm-2', testcontainers],
  ])('for a link that only the profile %s has is told: %s', async (profile, says, environment) => {
    const config = await loadConfig(REPOSITORY);
    expect(await environment.lacks?.(config)).toBeNull();
    expect(await environment.lacks?.(withProfile(config, profile))).toBe(says);
  });

  const before = process.env.PGBOUNCER;
  afterEach(() => {
    if (before === undefined) delete process.env.PGBOUNCER;
    else process.env.PGBOUNCER = before;
  });

  async function without(): Promise<Workshop> {
    process.env.PGBOUNCER = '/nowhere/pgbouncer';
    const shop = await workshop({ db: pooled('behind'), behind: postgres });
    await shop.scenario({ name: 'tiny/pooled', profile: 'pooled' }, 'scenarios/pooled.scenario.ts');
    return shop;
  }

  test('its scenario is skipped with the reason, in every report, and the others decide', async () => {
    const shop = await without();
    const { code, stdout } = await shop.run('run', '--out', 'out');
    expect(stdout).toMatch(/^- tiny\/pooled +skipped +PGBOUNCER=\/nowhere\/pgbouncer: no program there$/m);
    expect(stdout).toMatch(/^1 held, 0 failed, 0 inconclusive, 0 not run, 1 skipped in/m);
    expect(code).toBe(0);
    const [verdicts = '', junit, markdown, html] = await Promise.all(
      ['verdicts.json', 'junit.xml', 'summary.md', 'report.html'].map((file) =>
        readFile(path.join(shop.dir, 'out', file), 'utf8'),
      ),
    );
    const why = 'PGBOUNCER=/nowhere/pgbouncer: no program there';
    expect(JSON.parse(verdicts).skipped).toEqual([
      { name: 'tiny/pooled', file: 'scenarios/pooled.scenario.ts', why },
    ]);
    expect(junit).toContain(`<skipped message="${why}"/>`);
    expect(markdown).toContain('tripcurve: 1 held, 1 skipped');
    expect(html).toContain(`skipped: ${why}`);
    const merged = await shop.run('report', 'merge', 'out', '--out', 'merged');
    expect(merged.stdout + merged.stderr).toContain('1 skipped');
  }, 60_000);

  test('a run in which nothing is left to run is not green', async () => {
    const shop = await without();
    const { code, stdout } = await shop.run('run', 'scenarios/pooled.scenario.ts');
    expect(stdout).toMatch(/^0 held, 0 failed, 0 inconclusive, 0 not run, 1 skipped in/m);
    expect(code).toBe(3);
    const shard = await shop.run('run', 'scenarios/pooled.scenario.ts', '--shard', '1/1');
    expect(shard.stdout).toContain('shard 1/1 is empty: all of it was skipped');
    expect(shard.code).toBe(0);
  }, 60_000);
});
