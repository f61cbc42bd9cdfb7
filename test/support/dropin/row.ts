/** How a call is written down whose answer is compared, and what answers are made of. */
export type Expected = readonly [status: number, body?: unknown];

export interface Difference {
  call: string;
  why?: string;
  ours?: Expected;
  real?: Expected;
  old?: Expected;
}

export type Row = string | Difference;

/** A number without four digits, so that it is never taken for a port of the kernel's choice. */
export const UPSTREAM = '"upstream":"127.0.0.1:9"';
export const LISTEN = '"listen":"127.0.0.1:0"';
export const AT = `${UPSTREAM},${LISTEN}`;
export const bad = { error: 'bad request body: …', status: 400 };
export const page = '404 page not found\n';
export const proxy = (name: string, change: object = {}): object => ({
  name,
  listen: '127.0.0.1:PORT',
  upstream: '127.0.0.1:9',
  enabled: true,
  toxics: [],
  ...change,
});
export const toxic = (name: string, type: string, attributes: object, change: object = {}): object => ({
  attributes,
  name,
  type,
  stream: 'downstream',
  toxicity: 1,
  ...change,
});
export const latency = (latencyMs: number, jitter: number, change: object = {}): object =>
  toxic('latency_downstream', 'latency', { latency: latencyMs, jitter }, change);

export const LOOPBACK = 'a rig on loopback listens there unless told otherwise; :: is every interface';
export const ALL_SHOWN = 'shown as it was asked for, and so found again by populate';
export const CHECKED = 'an address is read when it is given, not at the first connection';
export const VALIDATED = 'attributes are checked';
export const CRASHES = 'this value ends the process of a real Toxiproxy (#541)';
export const NUMBERS = 'JSON has one kind of number; Go tells 100.0 from 100';
export const SLASHES = 'a name with a slash can be created there and never addressed again';

export type Sections = Readonly<Record<string, readonly Row[]>>;
