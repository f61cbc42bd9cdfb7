/** What docker-compose.yml promises, read from the file: none of this needs Docker. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, expect, test } from '@jest/globals';
import type { Image } from '../../harness/model/config.ts';
import config from '../../tripcurve.config.ts';
import {
  AIRGAP_ENV,
  type ComposeService,
  command,
  readAirgapEnv,
  readComposeFile,
  reasonAgainst,
} from '../support/compose.ts';
import { REPOSITORY } from '../support/workshop.ts';

const { services, networks } = await readComposeFile();
const airgap = await readAirgapEnv();
const all = Object.entries(services);
/** A command that ends has no health to look at. */
const staying = all.filter(([, service]) => service.restart !== 'no');
const noCompose = await reasonAgainst('docker', 'compose', 'version');

/** Names of the services on a network. */
function on(network: string): string[] {
  return all.filter(([, service]) => service.networks?.includes(network)).map(([name]) => name);
}

function networksOf(name: string): string[] {
  return services[name]?.networks ?? [];
}

interface FileProxy {
  name: string;
  listen: string;
  upstream: string;
  protocol?: string;
}

async function proxiesOf(file: string): Promise<FileProxy[]> {
  return JSON.parse(await readFile(path.join(REPOSITORY, 'docker', file), 'utf8')) as FileProxy[];
}

describe('docker-compose.yml', () => {
  test.each(all)('%s is contained', (_name, service: ComposeService) => {
    expect(service).toMatchObject({
      init: true,
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      user: expect.any(String),
      restart: expect.any(String),
      pids_limit: expect.any(Number),
      mem_limit: expect.any(String),
      cpus: expect.anything(),
      networks: expect.any(Array),
    });
    expect(service.cap_add).toBeUndefined();
    expect(service.privileged).toBeUndefined();
  });

  test('nobody is root but where a public image is made for it', () => {
    const roots = all.filter(([, { user = 'root' }]) => /^(root|0)(:|$)/.test(user)).map(([name]) => name);
    expect(roots).toEqual(['real-ollama']);
  });

  test.each(staying)('%s tells its health', (_name, { healthcheck }) => {
    expect(healthcheck?.test[0]).toBe('CMD'); // no shell: most of the images have none
    expect(healthcheck).toMatchObject({ interval: expect.any(String), timeout: expect.any(String) });
  });

  test.each(all)('%s takes its image from a variable, with a version', (_name, { image = '' }) => {
    const [, tag] = /^\$\{[A-Z]+_IMAGE:-[a-z0-9./-]+:([\w.-]+)\}$/.exec(image) ?? [];
    expect(tag).toBeDefined();
    expect(tag).not.toBe('latest');
  });

  test.each(all)('%s publishes on loopback only, where Docker likes unless told', (_name, { ports = [] }) => {
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\$\{[A-Z_]+_HOST_PORT:-\}:\d+$/);
  });

  test.each(all)('%s waits for what it needs by a condition', (_name, { depends_on: needed = {} }) => {
    expect(needed).not.toBeInstanceOf(Array);
    for (const [other, { condition }] of Object.entries(needed)) {
      const isCommand = services[other]?.restart === 'no';
      expect(condition).toBe(isCommand ? 'service_completed_successfully' : 'service_healthy');
    }
  });

  test('the image is built once, for all who use it', () => {
    const builders = all.filter(([, { build }]) => build !== undefined).map(([name]) => name);
    expect(builders).toEqual(['mimo']);
  });
});

describe('the target', () => {
  test('has the links as its only neighbour on the way to anything', () => {
    expect(networksOf('mimo')).toEqual(['entry', 'target']);
    expect(on('target').sort()).toEqual(['links', 'mimo']);
    // Prometheus reads the target; it forwards nothing.
    expect(on('entry').sort()).toEqual(['mimo', 'prometheus']);
    expect(networks.target?.internal).toBe(true);
    expect(networks.behind?.internal).toBe(true);
  });

  test('is told of no other address', () => {
    const { environment = {} } = services.mimo ?? {};
    const hosts = Object.entries(environment)
      .filter(([name]) => /_URL$/.test(name) && name !== 'HEALTH_URL')
      .map(([, value]) => /^\w+:\/\/(?:.*@)?([\w-]+):\d+/.exec(value)?.[1]);
    expect(hosts).toEqual(['links', 'links', 'links']);
  });

  test('is as the config starts it', () => {
    const { environment = {} } = services.mimo ?? {};
    for (const name of Object.keys(config.target.start?.env ?? {}))
      if (name !== 'MIMO_EXIT_WITH_STDIN') expect(environment).toHaveProperty(name);
    expect(environment).toMatchObject({
      MIMO_MUTANT: `\${${config.target.mutantEnv}:-}`,
      LLM_MODEL: `\${LLM_MODEL:-${config.target.start?.env?.LLM_MODEL}}`,
      OLLAMA_MODEL: `\${OLLAMA_MODEL:-${config.target.start?.env?.OLLAMA_MODEL}}`,
    });
  });
});

describe('the proxies', () => {
  const names = Object.keys(config.links);

  test.each(['toxiproxy.json', 'toxiproxy-real-ollama.json', 'links.json', 'links-direct.json'])(
    '%s has every link at its port, on every interface',
    async (file) => {
      const proxies = await proxiesOf(file);
      expect(proxies.map(({ name }) => name)).toEqual(names);
      expect(proxies.map(({ listen }) => listen)).toEqual(['0.0.0.0:9001', '0.0.0.0:9002', '0.0.0.0:9003']);
    },
  );

  test('links stand before Toxiproxy, or before the dependencies themselves', async () => {
    const upstreams = async (file: string): Promise<string[]> =>
      (await proxiesOf(file)).map(({ upstream }) => upstream);
    expect(await upstreams('links.json')).toEqual(['toxiproxy:9001', 'toxiproxy:9002', 'toxiproxy:9003']);
    expect(await upstreams('links-direct.json')).toEqual(await upstreams('toxiproxy.json'));
    for (const file of ['toxiproxy.json', 'toxiproxy-real-ollama.json'])
      for (const upstream of await upstreams(file))
        expect(services).toHaveProperty(upstream.split(':')[0] ?? '');
  });

  test.each(['links.json', 'links-direct.json'])('%s reads the protocols of the config', async (file) => {
    const protocols = (await proxiesOf(file)).map(({ protocol }) => protocol);
    expect(protocols).toEqual(Object.values(config.links).map(({ protocol }) => protocol));
  });

  test('what the rig looks for is published', () => {
    const { entry, links, toxiproxy, dependencies } = config.compose ?? {};
    for (const place of [entry, links, toxiproxy, ...Object.values(dependencies ?? {})]) {
      const ports = services[place?.service ?? '']?.ports?.map((port) => Number(port.split(':').at(-1)));
      expect(ports).toContain(place?.port);
    }
  });
});

describe('the images', () => {
  test('built here bear names of their own', () => {
    for (const [name, value] of Object.entries(airgap))
      if (name.endsWith('_IMAGE')) expect(value).toMatch(/^tripcurve-airgap\/[\w.-]+$/);
    const text = JSON.stringify(services);
    for (const name of Object.keys(airgap)) expect(text).toContain(`\${${name}:-`);
  });

  test('ours ends as files without a shell, and not as root', async () => {
    const text = await readFile(path.join(REPOSITORY, 'Dockerfile'), 'utf8');
    const last = text.slice(text.lastIndexOf('\nFROM '));
    expect(last).toMatch(/^\nFROM scratch\n/);
    expect(last).toMatch(/\nUSER 10001:10001\n/);
    expect(text).toMatch(/\nARG NODE_IMAGE=node:24-[\w-]+\n/);
  });

  const checked = noCompose === null ? test : test.skip;
  checked(`Compose takes the file${noCompose === null ? '' : ` (skipped: ${noCompose})`}`, async () => {
    const profiles = ['--profile', 'monitoring', '--profile', 'real-ollama'];
    await command(20_000, 'docker', 'compose', ...profiles, 'config', '-q');
    const told = await command(20_000, 'docker', 'compose', '--env-file', AIRGAP_ENV, ...profiles, 'config');
    expect(told).toContain('image: tripcurve-airgap/toxiproxy-2.12.0');
    expect(told).not.toContain('grafana/grafana');
  });
});

/** An image of the config as docker-compose.yml writes it. */
const written = (image: Image | undefined): string | undefined =>
  typeof image === 'object' ? `\${${image.variable}:-${image.default}}` : image;

test('testcontainers starts the images of docker-compose.yml', () => {
  const { target, links, toxiproxy, dependencies = {} } = config.testcontainers ?? {};
  const { llm, ollama, database } = dependencies;
  expect(written(target?.image)).toBe(services.mimo?.image);
  expect(written(links)).toBe(services.links?.image);
  expect(written(toxiproxy)).toBe(services.toxiproxy?.image);
  expect(llm && 'image' in llm && written(llm.image)).toBe(services.llm?.image);
  expect(ollama && 'image' in ollama && written(ollama.image)).toBe(services.ollama?.image);
  expect(database && 'postgres' in database && written(database.postgres.image)).toBe(
    services.postgres?.image,
  );
});
