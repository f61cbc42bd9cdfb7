/** The report of a profile: for each section what was served, its flame graphs, top functions and growth. Pure. */
import { escaped, type kindOf, renderFlame } from './flame.ts';
import { cpuTree, heapTree, type Line, type Section, type Snapshot, topFunctions } from './sections.ts';

const TOP = 15;
const KIB = 1_024;
const MIB = KIB * KIB;

export interface ProfileReport {
  startedAt: string;
  target: string;
  machine: string;
  lengthMs: number;
  sections: readonly Section[];
}

/** What a section comes to in a few numbers; also the row of the table. */
export interface Totals {
  name: string;
  requests: number;
  cpuMs: number;
  cpuMsPerRequest: number;
  allocatedBytes: number;
  allocatedBytesPerRequest: number;
  /** Change of what is alive after a full collection. */
  heapGrowthBytes: number;
  heapGrowthBytesPerRequest: number;
  externalGrowthBytes: number;
  residentGrowthBytes: number;
}

export function totalsOf({ name, requests, cpu, heap, before, after }: Section): Totals {
  const cpuMs = cpuTree(cpu).total;
  const allocatedBytes = heapTree(heap).total;
  const growth = (part: keyof Snapshot): number => after[part] - before[part];
  return {
    name,
    requests,
    cpuMs,
    cpuMsPerRequest: cpuMs / requests,
    allocatedBytes,
    allocatedBytesPerRequest: allocatedBytes / requests,
    heapGrowthBytes: growth('heapBytes'),
    heapGrowthBytesPerRequest: growth('heapBytes') / requests,
    externalGrowthBytes: growth('externalBytes'),
    residentGrowthBytes: growth('residentBytes'),
  };
}

export function renderProfile({ startedAt, target, machine, lengthMs, sections }: ProfileReport): string {
  const rows = sections
    .map(totalsOf)
    .map((totals) => [
      totals.name,
      String(totals.requests),
      `${totals.cpuMsPerRequest.toFixed(2)} ms`,
      bytes(totals.allocatedBytesPerRequest),
      `${signed(totals.heapGrowthBytes)} (${signed(totals.heapGrowthBytesPerRequest)} a request)`,
      signed(totals.externalGrowthBytes),
      signed(totals.residentGrowthBytes),
    ]);
  const head = [
    'state',
    'requests',
    'CPU a request',
    'allocated a request',
    'alive after GC',
    'outside the heap',
    'resident',
  ];
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Profile of ${escaped(target)}</title>
<style>${STYLE}</style>
<h1>Profile of ${escaped(target)}</h1>
<p>${escaped(startedAt)}, ${escaped(machine)}. ${lengthMs / 1_000} s of the scenarios' load in each state, after a warm-up; the
profilers themselves cost CPU too. Point at a frame for its numbers; callers are above what they call.</p>
<p class="legend"><i class="ours"></i>the service <i class="library"></i>libraries <i class="node"></i>Node <i class="engine"></i>V8</p>
${table(head, rows)}
${sections.map(renderSection).join('\n')}</html>
`;
}

function renderSection(section: Section): string {
  const cpu = cpuTree(section.cpu);
  const heap = heapTree(section.heap);
  const served = Object.entries(section.served)
    .map(([how, n]) => `${n} ${how}`)
    .join(', ');
  return `<h2>${escaped(section.name)}</h2>
<p>${section.requests} requests: ${escaped(served)}</p>
<h3>CPU, ${milliseconds(cpu.total)}</h3>
${renderFlame(cpu, `CPU, ${section.name}`, milliseconds)}
${lines(topFunctions(cpu, TOP), cpu.total, milliseconds)}
<h3>Allocated, ${bytes(heap.total)}, what was collected again included</h3>
${renderFlame(heap, `allocations, ${section.name}`, bytes)}
${lines(topFunctions(heap, TOP), heap.total, bytes)}`;
}

function lines(top: readonly Line[], all: number, format: (value: number) => string): string {
  const rows = top.map((line) => [
    line.name,
    line.where,
    format(line.self),
    `${((100 * line.self) / all).toFixed(1)} %`,
    format(line.total),
  ]);
  return `<details open><summary>top functions</summary>${table(['function', 'where', 'itself', '', 'with what it calls'], rows)}</details>`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = (row: readonly string[], tag: string): string =>
    row.map((cell) => `<${tag}>${escaped(cell)}</${tag}>`).join('');
  return `<table><tr>${cells(head, 'th')}</tr>${rows.map((row) => `<tr>${cells(row, 'td')}</tr>`).join('')}</table>`;
}

/** Colours of {@link kindOf}'s kinds. */
const COLOURS: Readonly<Record<ReturnType<typeof kindOf>, string>> = {
  ours: '#e8833a',
  library: '#f2c14e',
  node: '#7fb7be',
  engine: '#b8b8c0',
};

const STYLE = `body{font:14px/1.45 system-ui,sans-serif;max-width:1240px;margin:2em auto;padding:0 1em;color:#222}
h2{margin-top:2.5em;border-top:1px solid #ddd;padding-top:.6em}table{border-collapse:collapse;margin:.6em 0}
td,th{padding:.15em .8em .15em 0;text-align:left;font-variant-numeric:tabular-nums}th{color:#666;font-weight:500}
svg.flame{width:100%;background:#fafafa;font:11px ui-monospace,monospace}svg.flame rect:hover{stroke:#222}
.legend i{display:inline-block;width:.9em;height:.9em;margin:0 .3em 0 .9em}summary{color:#666;cursor:pointer}
${Object.entries(COLOURS)
  .map(([kind, colour]) => `rect.${kind}{fill:${colour}}i.${kind}{background:${colour}}`)
  .join('')}`;

function milliseconds(ms: number): string {
  return `${ms.toFixed(1)} ms`;
}

export function bytes(value: number): string {
  const size = Math.abs(value);
  if (size >= MIB) return `${(value / MIB).toFixed(1)} MiB`;
  return size >= KIB ? `${(value / KIB).toFixed(1)} KiB` : `${Math.round(value)} B`;
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${bytes(value)}`;
}
