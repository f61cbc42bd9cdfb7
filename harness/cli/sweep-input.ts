/** What `tripcurve sweep` is given: policy, outage and target, read and checked before anything takes time. */
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { readHistory } from '../history/file.ts';
import type { Config } from '../model/config.ts';
import { messageOf, UsageError } from '../model/errors.ts';
import { MeasuredPolicy } from '../model/measured.ts';
import { Policy } from '../model/policy.ts';
import type { OutageModel, TrafficModel } from '../model/sweep.ts';
import { nearest, validate } from '../model/validate.ts';
import type { ServicePolicy } from '../policy/simulation/service.ts';
import {
  type BasePolicy,
  defaultPolicy,
  fromDeclared,
  fromMeasured,
  type Kind,
} from '../policy/sweep/base-policy.ts';
import { fitOutages, linksOf } from '../policy/sweep/fit.ts';
import { OUTAGES } from '../policy/sweep/outages.ts';
import { PARAMETERS } from '../policy/sweep/parameters.ts';
import { cannotVerify } from '../policy/sweep/verify.ts';
import { known, loadConfig } from '../scenario/load.ts';

export interface SweepOptions {
  policy?: string;
  declared?: string;
  kind?: Kind;
  rate: number;
  arrivals: TrafficModel['arrivals'];
  keys?: number;
  serviceMs: number;
  outage: string;
  perDay?: number;
  errors?: number;
  grid: string[];
  runs: number;
  falseTrips: number;
  degradedWeight: number;
  wastedWeight: number;
  seed?: number;
  out?: string;
  verify?: true;
  outages: number;
  link?: string;
  request?: string;
  env: string;
  profile: string;
}

export async function outageOf({ outage: name, link, perDay, errors }: SweepOptions): Promise<OutageModel> {
  const model = OUTAGES.get(name) ?? (await fitted(name, link));
  return { ...model, perDay: perDay ?? model.perDay, errorRatio: errors ?? model.errorRatio };
}

async function fitted(file: string, given: string | undefined): Promise<OutageModel> {
  if (!file.includes('.') && !file.includes(path.sep)) {
    const near = nearest(file, [...OUTAGES.keys()]);
    throw new UsageError(
      `--outage: no model "${file}"; ${near === undefined ? `one of ${[...OUTAGES.keys()].join(', ')}, or a history file` : `did you mean "${near}"?`}`,
    );
  }
  const history = await readHistory(file);
  const links = linksOf(history);
  const link = given ?? (links.length === 1 ? links[0] : undefined);
  if (link === undefined && links.length > 1)
    throw new UsageError(`--link is needed: ${file} has exchanges on ${links.join(' and ')}`);
  return fitOutages(history, link ?? '', file);
}

export async function basePolicy(
  { policy: file, kind }: SweepOptions,
  given: ReadonlySet<string>,
): Promise<{ base: BasePolicy; from: string }> {
  if (file === undefined) {
    const policy: ServicePolicy = defaultPolicy(kind ?? 'consecutive');
    return {
      base: { policy, assumed: [] },
      from: `none was given: a breaker of kind ${kind ?? 'consecutive'}, one attempt, and what the grid says`,
    };
  }
  const measured = validate(MeasuredPolicy, await readJson(file), file);
  return {
    base: fromMeasured(measured, file, kind, given),
    from: `measured (${file}): ${measured.target}, link ${measured.link}`,
  };
}

async function readJson(file: string): Promise<unknown> {
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (error) {
    throw new UsageError(`${file}: cannot be read: ${messageOf(error)}`);
  }
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new UsageError(`${file}: not JSON: ${messageOf(error)}`);
  }
}

/** What is to be verified on; everything that stands against it is told here. */
export async function targetOf(
  { link: given, profile, request }: SweepOptions,
  outage: OutageModel,
  names: readonly string[],
): Promise<{ config: Config; link: string }> {
  const config = await loadConfig(process.cwd());
  const unknown = Object.keys(config.sweep?.env ?? {}).find((name) => !Object.hasOwn(PARAMETERS, name));
  if (unknown !== undefined)
    known(unknown, Object.keys(PARAMETERS), 'tripcurve.config.ts: sweep.env', 'parameter');
  const why = cannotVerify({ config, outage }, names);
  if (why !== null) throw new UsageError(why);
  known(profile, Object.keys(config.profiles), '--profile', 'profile');
  if (request !== undefined) known(request, Object.keys(config.requests), '--request', 'request');
  const http = Object.keys(config.links).filter((name) => config.links[name]?.protocol === 'http');
  const link = given ?? (http.length === 1 ? http[0] : undefined);
  if (link === undefined) throw new UsageError(`--link is needed: the config has ${http.join(' and ')}`);
  return { config, link: known(link, Object.keys(config.links), '--link', 'link') };
}

/** The declared policy of a file; null: none was given. */
export async function declaredPolicy(file: string | undefined): Promise<ServicePolicy | null> {
  return file === undefined ? null : fromDeclared(validate(Policy, await readJson(file), file), file);
}
