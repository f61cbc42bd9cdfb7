/** Tests that look at the same thing through ours and through a real Toxiproxy. */
import { afterAll, beforeAll, expect } from '@jest/globals';
import { Cleanup } from './sockets.ts';
import { NEW, realToxiproxy, startOurs, startReal, testWith } from './toxiproxy.ts';
import { Side, startUpstreams } from './wire.ts';

type Look = (side: Side) => Promise<unknown>;

const ROW_LIMIT_MS = 20_000;

export interface WireComparison {
  /** Both sides see what is given here. */
  same(title: string, seen: unknown, look: Look): void;
  /** They differ on purpose. */
  differs(title: string, why: string, ours: unknown, theirs: unknown, look: Look): void;
}

/** Starts both with the file, and skips its tests where there is no real one. */
export async function wireComparison(): Promise<WireComparison> {
  const real = await realToxiproxy(NEW);
  const testReal = testWith({ real });
  const cleanup = new Cleanup();
  const sides: Side[] = [];
  beforeAll(async () => {
    if (typeof real === 'string') return;
    const kinds = [(owner: Cleanup) => startOurs(owner), (owner: Cleanup) => startReal(owner, real)];
    for (const start of kinds)
      sides.push(new Side(await start(cleanup), await startUpstreams(cleanup), cleanup, start));
  }, 30_000);
  afterAll(() => cleanup.run());

  const row = (title: string, expected: readonly unknown[], look: Look): void => {
    testReal(
      title,
      async () => {
        expect(await Promise.all(sides.map((side) => look(side)))).toEqual(expected);
      },
      ROW_LIMIT_MS,
    );
  };
  return {
    same: (title, seen, look) => row(title, [seen, seen], look),
    differs: (title, why, ours, theirs, look) => row(`${title} — differs: ${why}`, [ours, theirs], look),
  };
}

/** A toxic as one posts it. */
export const toxic = (type: string, attributes: object = {}, more: object = {}): object => ({
  type,
  attributes,
  ...more,
});

/** Whether a time is in bounds: never too short, and long only as far as a busy machine makes it. */
export const takes = (ms: number, atLeastMs: number): string | number =>
  ms >= atLeastMs - 2 && ms < atLeastMs * 2 + 1_500 ? 'in time' : ms;

export const STREAMS = ['upstream', 'downstream'] as const;
