/** The profiler: trees and tables from recordings, and a real process whose hot spot and leak must be found. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { Profiler } from 'node:inspector';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { renderFlame } from '../../bench/profile/flame.ts';
import { signalUntil } from '../../bench/profile/measure.ts';
import { renderProfile, totalsOf } from '../../bench/profile/page.ts';
import { cpuTree, type Frame, heapTree, type Section, topFunctions } from '../../bench/profile/sections.ts';
import { spawnToEnd } from './spawn.ts';

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(path.join(os.tmpdir(), 'tripcurve-test-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const node = (id: number, functionName: string, children: number[] = []): Profiler.ProfileNode => ({
  id,
  callFrame: {
    functionName,
    scriptId: '1',
    url: '/repository/services/mimo/a.ts',
    lineNumber: id - 1,
    columnNumber: 0,
  },
  children,
});

/** main calls work and wait; work calls itself. Each sample is 1 ms but for the last. */
const CPU: Profiler.Profile = {
  nodes: [
    node(1, '(root)', [2, 5]),
    node(2, 'main', [3]),
    node(3, 'work', [4]),
    { ...node(4, 'work'), callFrame: node(3, 'work').callFrame },
    node(5, '(idle)'),
  ],
  startTime: 0,
  endTime: 6_000,
  samples: [2, 3, 3, 4, 5, 5],
  timeDeltas: [0, 1_000, 1_000, 1_000, 1_000, 1_000],
};

describe('a CPU profile', () => {
  test('becomes a tree with the time of each function, and idle time is none', () => {
    const tree = cpuTree(CPU);
    expect(tree.total).toBe(4);
    const main = tree.children.find(({ name }) => name === 'main');
    expect(main).toMatchObject({ self: 1, total: 4, where: 'services/mimo/a.ts:2' });
    expect(tree.children.find(({ name }) => name === '(idle)')?.total).toBe(0);
  });

  test('tells functions by their own time; one that calls itself is counted once', () => {
    expect(topFunctions(cpuTree(CPU), 5)).toEqual([
      { name: 'work', where: 'services/mimo/a.ts:3', self: 3, total: 3 },
      { name: 'main', where: 'services/mimo/a.ts:2', self: 1, total: 4 },
    ]);
  });
});

test('a flame graph draws callers above what they call, as wide as their share, and no name as markup', () => {
  const frame = (name: string, total: number, children: Frame[] = []): Frame => ({
    name,
    where: '',
    self: total - children.reduce((sum, child) => sum + child.total, 0),
    total,
    children,
  });
  const svg = renderFlame(
    frame('all', 100, [frame('<b>', 75), frame('c', 25)]),
    'x',
    (value) => `${value} ms`,
  );
  const rects = [
    ...svg.matchAll(/<title>(.*?)<\/title><rect class="\w+" x="([\d.]+)" y="(\d+)" width="([\d.]+)"/g),
  ];
  expect(rects.map(([, , x, y, width]) => [x, y, width])).toEqual([
    ['0.0', '0', '1200.0'],
    ['0.0', '17', '900.0'],
    ['900.0', '17', '300.0'],
  ]);
  expect(rects[1]?.[1]).toBe('&lt;b&gt;: 75 ms, 75.0 %; itself 75 ms');
  expect(svg).not.toContain('<b>');
});

describe('a process with a hot spot and a leak', () => {
  let section: Section;

  beforeAll(async () => {
    const child = spawn(
      process.execPath,
      ['--import', './bench/profile/hook.ts', 'test/bench/profiled/leaky.ts'],
      { env: { ...process.env, NODE_OPTIONS: '', PROFILE_DIR: dir }, stdio: ['ignore', 'pipe', 'inherit'] },
    );
    try {
      const lines = createInterface({ input: child.stdout });
      await once(lines, 'line');
      await signalUntil(child.pid ?? 0, path.join(dir, 'begun.json'));
      // Long enough for some rounds of its work, however busy the machine.
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      await signalUntil(child.pid ?? 0, path.join(dir, 'heap.json'));
    } finally {
      child.kill('SIGKILL');
      await once(child, 'close');
    }
    const read = async (file: string) => JSON.parse(await readFile(path.join(dir, file), 'utf8'));
    const [cpu, heap, snapshots] = await Promise.all([
      read('cpu.cpuprofile'),
      read('heap.heapprofile'),
      read('heap.json'),
    ]);
    section = { name: 'all up', requests: 10, served: { live: 10 }, cpu, heap, ...snapshots };
  }, 60_000);

  test('has the hot spot as its top function', () => {
    const [top] = topFunctions(cpuTree(section.cpu), 1);
    expect(top).toMatchObject({
      name: 'burnHere',
      where: expect.stringMatching(/^test\/bench\/profiled\/leaky\.ts:\d+$/),
    });
  });

  test('shows what was allocated, kept or thrown away, and by whom', () => {
    const whole = topFunctions(heapTree(section.heap), 1_000);
    const of = (name: string): number => whole.find((line) => line.name === name)?.total ?? 0;
    expect(of('leakHere')).toBeGreaterThan(500_000);
    expect(of('throwAwayHere')).toBeGreaterThan(250_000);
  });

  test('has grown by what it keeps, and not by what it throws away', () => {
    const { heapGrowthBytes, allocatedBytes, heapGrowthBytesPerRequest } = totalsOf(section);
    expect(heapGrowthBytes).toBeGreaterThan(700_000);
    expect(heapGrowthBytes).toBeLessThan(allocatedBytes);
    expect(heapGrowthBytesPerRequest).toBe(heapGrowthBytes / 10);
  });

  test('is a page with a flame graph of each kind, top functions and the growth', () => {
    const html = renderProfile({
      startedAt: '2026-01-01',
      target: 'leaky',
      machine: 'x',
      lengthMs: 1_000,
      sections: [section],
    });
    expect(html.match(/<svg class="flame"/g)).toHaveLength(2);
    expect(html).toMatch(/<td>burnHere<\/td>/);
    expect(html).toMatch(/<td>\+[\d.]+ (KiB|MiB) \(\+[\d.]+ (KiB|MiB) a request\)<\/td>/);
  });
});

describe('as a command', () => {
  const profile = (...args: string[]) => spawnToEnd([process.execPath, 'bench/profile/main.ts', ...args], {});

  test('profiles the service with a dependency down', async () => {
    const out = path.join(dir, 'out');
    const { stdout, stderr, code } = await profile('--seconds', '1', '--state', 'llm', '--out', out);
    expect([code, stderr]).toEqual([0, 'profile: llm down\n']);
    expect(stdout).toMatch(/^llm down +\d+ +[\d.]+ +[\d.]+ KiB/m);
    const folder = path.dirname(/report: (.*)/.exec(stdout)?.[1] ?? '');
    const { totals } = JSON.parse(await readFile(path.join(folder, 'profile.json'), 'utf8'));
    expect(totals[0].cpuMs).toBeGreaterThan(0);
    expect(await readFile(path.join(folder, 'index.html'), 'utf8')).toMatch(/\d+ (cached|default)/);
  }, 120_000);

  test('says which states there are', async () => {
    const { stderr, code } = await profile('--state', 'lm');
    expect(stderr).toBe('tripcurve: --state: no state "lm"; did you mean "llm"?\n');
    expect(code).toBe(2);
  }, 60_000);
});
