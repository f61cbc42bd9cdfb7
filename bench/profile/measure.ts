/** Records one section: the target under its profilers, the dependencies in one state, the load of the scenarios. */
import { mkdir, readFile, stat } from 'node:fs/promises';
import path from 'node:path';
import { embedded } from '../../harness/environment/embedded.ts';
import type { Running } from '../../harness/environment/environment.ts';
import { driveLoad } from '../../harness/load/engine.ts';
import { planLoad } from '../../harness/load/plan.ts';
import type { Config } from '../../harness/model/config.ts';
import { EnvironmentError } from '../../harness/model/errors.ts';
import type { RequestEvent, Unnumbered } from '../../harness/model/history.ts';
import { Traffic } from '../../harness/model/scenario.ts';
import { clockFrom } from '../../harness/model/time.ts';
import { traffic } from '../../scenarios/steady.ts';
import type { Section } from './sections.ts';

const ROOT = path.join(import.meta.dirname, '..', '..');
const HOOK = path.join(import.meta.dirname, 'hook.ts');
/** How long the profilers may take to start, and to write what they saw. */
const HOOK_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 20;

export interface SectionOptions {
  config: Config;
  /** The link that is down; null: all is up. */
  down: string | null;
  /** Time under load that is recorded, and before it, ms. */
  lengthMs: number;
  warmUpMs: number;
  run: string;
  seed: number;
  /** Folder for the recordings; they can be opened in the developer tools of Chromium too. */
  dir: string;
}

/** @throws EnvironmentError where the profilers say nothing, or nobody was served */
export async function recordSection(options: SectionOptions): Promise<Section> {
  const { config, down, lengthMs, warmUpMs, run, seed, dir } = options;
  await mkdir(dir, { recursive: true });
  const { name, start } = config.target;
  if (start === undefined) throw new EnvironmentError('the config has no target.start');
  const [node = '', ...args] = start.command;
  const profiled = {
    command: [node, '--import', HOOK, ...args],
    env: { ...start.env, PROFILE_DIR: dir },
  };
  const originNs = process.hrtime.bigint();
  const now = clockFrom(originNs);
  let pid = 0;
  await using running = await embedded.up({
    config: { ...config, target: { ...config.target, start: profiled } },
    cwd: ROOT,
    profile: 'fast',
    mutant: null,
    links: 'embedded',
    hidesNames: false,
    run,
    seed,
    logDir: path.join(dir, 'logs'),
    originNs,
    now,
    emit(event) {
      if (event.kind === 'process' && event.what === 'started' && event.name === name) pid = event.pid;
    },
  });
  const drive = async (ms: number, part: string): Promise<Unnumbered<RequestEvent>[]> => {
    const requests: Unnumbered<RequestEvent>[] = [];
    const load = Traffic.parse(traffic);
    await driveLoad({
      entryUrl: running.entryUrl,
      plan: planLoad(load, config, ms, seed, `${run}-${part}`),
      startT: now(),
      traffic: load,
      served: config.served,
      links: Object.keys(config.links),
      now,
      emit: (event) => requests.push(event),
      signal: new AbortController().signal,
    });
    return requests;
  };
  await drive(warmUpMs, 'warm');
  if (down !== null) await takeDown(running, down);
  await signalUntil(pid, path.join(dir, 'begun.json'));
  const requests = await drive(lengthMs, 'profiled');
  await signalUntil(pid, path.join(dir, 'heap.json'));
  if (requests.every(({ outcome }) => outcome !== 'ok'))
    throw new EnvironmentError(`profile: none of ${requests.length} requests was answered; see ${dir}/logs`);
  return {
    name: down === null ? 'all up' : `${down} down`,
    requests: requests.length,
    served: counted(requests),
    cpu: JSON.parse(await readFile(path.join(dir, 'cpu.cpuprofile'), 'utf8')),
    heap: JSON.parse(await readFile(path.join(dir, 'heap.heapprofile'), 'utf8')),
    ...JSON.parse(await readFile(path.join(dir, 'heap.json'), 'utf8')),
  };
}

async function takeDown(running: Running, link: string): Promise<void> {
  await running.inject(link, 'profile', {
    type: 'down',
    attributes: {},
  });
}

/** Tells the hook to begin or to end, and waits for the file that it writes last. */
export async function signalUntil(pid: number, file: string): Promise<void> {
  process.kill(pid, 'SIGUSR2');
  const deadlineMs = performance.now() + HOOK_LIMIT_MS;
  while (!(await isWhole(file))) {
    if (performance.now() > deadlineMs)
      throw new EnvironmentError(`profile: waited ${HOOK_LIMIT_MS} ms in vain for ${path.basename(file)}`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY_MS));
  }
}

/** It is small, and written at once: when there is something, it is all there. */
async function isWhole(file: string): Promise<boolean> {
  return stat(file).then(
    ({ size }) => size > 0,
    () => false,
  );
}

function counted(requests: readonly Unnumbered<RequestEvent>[]): Record<string, number> {
  const served: Record<string, number> = {};
  for (const { outcome, servedBy } of requests) {
    const how = outcome === 'ok' ? (servedBy ?? 'ok') : outcome;
    served[how] = (served[how] ?? 0) + 1;
  }
  return served;
}
