/** What a profile is made of: the recordings of one section, read down to what is told of it. Pure. */
import type { HeapProfiler, Profiler } from 'node:inspector';

/** Bytes in use after a full collection. */
export interface Snapshot {
  heapBytes: number;
  /** Buffers and what else lies outside the heap of V8. */
  externalBytes: number;
  residentBytes: number;
}

/** One state of the dependencies under the same load. */
export interface Section {
  /** `all up`, or the link that is down. */
  name: string;
  requests: number;
  /** By how they were served, or how they failed. */
  served: Record<string, number>;
  cpu: Profiler.Profile;
  heap: HeapProfiler.SamplingHeapProfile;
  before: Snapshot;
  after: Snapshot;
}

/** A node of a call tree: a function, below its caller. */
export interface Frame {
  name: string;
  /** File and line; empty for what is V8's or Node's own. */
  where: string;
  self: number;
  total: number;
  children: Frame[];
}

export interface Line {
  name: string;
  where: string;
  self: number;
  total: number;
}

/** Names of what is no work. */
const IDLE: ReadonlySet<string> = new Set(['(idle)']);

/** The call tree of a CPU profile, in ms; idle time is left out. */
export function cpuTree({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Frame {
  const selfMs = new Map<number, number>();
  // The nth delta is the time before the nth sample; it belongs to the one before.
  for (let i = 0; i + 1 < samples.length; i++) {
    const id = samples[i] ?? 0;
    selfMs.set(id, (selfMs.get(id) ?? 0) + Math.max(0, timeDeltas[i + 1] ?? 0) / 1_000);
  }
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const frameOf = (node: Profiler.ProfileNode): Frame =>
    frame(
      node.callFrame,
      IDLE.has(node.callFrame.functionName) ? 0 : (selfMs.get(node.id) ?? 0),
      (node.children ?? []).flatMap((id) => {
        const child = byId.get(id);
        return child === undefined ? [] : [frameOf(child)];
      }),
    );
  const [root] = nodes;
  return root === undefined ? empty() : frameOf(root);
}

/** The call tree of a sampled heap profile: bytes allocated, those collected since included. */
export function heapTree({ head }: HeapProfiler.SamplingHeapProfile): Frame {
  const frameOf = (node: HeapProfiler.SamplingHeapProfileNode): Frame =>
    frame(node.callFrame, node.selfSize, node.children.map(frameOf));
  return frameOf(head);
}

/** Functions by what they cost themselves, wherever they were called from. */
export function topFunctions(root: Frame, count: number): Line[] {
  const lines = new Map<string, Line>();
  const visit = (node: Frame, above: ReadonlySet<string>): void => {
    const key = `${node.name} ${node.where}`;
    const line = lines.get(key) ?? { name: node.name, where: node.where, self: 0, total: 0 };
    line.self += node.self;
    // A function that calls itself is counted once, where it was called first.
    if (!above.has(key)) line.total += node.total;
    lines.set(key, line);
    const inside = new Set(above).add(key);
    for (const child of node.children) visit(child, inside);
  };
  for (const child of root.children) visit(child, new Set());
  return [...lines.values()]
    .filter(({ self }) => self > 0)
    .sort((a, b) => b.self - a.self)
    .slice(0, count);
}

function frame(
  { functionName, url, lineNumber }: { functionName: string; url: string; lineNumber: number },
  self: number,
  children: Frame[],
): Frame {
  return {
    name: functionName === '' ? '(anonymous)' : functionName,
    where: url === '' ? '' : `${shortened(url)}:${lineNumber + 1}`,
    self,
    total: children.reduce((sum, child) => sum + child.total, self),
    children: merged(children),
  };
}

/** Calls of one function from one place are one frame, whatever line they came from. */
function merged(children: readonly Frame[]): Frame[] {
  const byName = new Map<string, Frame>();
  for (const child of children) {
    const key = `${child.name} ${child.where}`;
    const twin = byName.get(key);
    if (twin === undefined) byName.set(key, { ...child });
    else {
      twin.self += child.self;
      twin.total += child.total;
      twin.children = merged([...twin.children, ...child.children]);
    }
  }
  return [...byName.values()].sort((a, b) => b.total - a.total);
}

/** From `node_modules/` or the repository's folders on: where it lies on this machine says nothing. */
function shortened(url: string): string {
  const inside = url.lastIndexOf('/node_modules/');
  if (inside !== -1) return url.slice(inside + '/node_modules/'.length);
  return /\/((?:services|harness|bench|test)\/.*)$/.exec(url)?.[1] ?? url.replace(/^file:\/\//, '');
}

function empty(): Frame {
  return { name: '(root)', where: '', self: 0, total: 0, children: [] };
}
