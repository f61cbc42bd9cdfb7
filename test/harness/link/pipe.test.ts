import { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, test } from '@jest/globals';
import { Pipe } from '../../../harness/link/pipe.ts';

/** A socket's writing side that notes what is done with it; nothing of it depends on the kernel's timing. */
class Sink extends EventEmitter {
  readonly done: string[] = [];
  destroyed = false;
  writableEnded = false;
  writableLength = 0;

  write(chunk: Buffer): boolean {
    this.done.push(`${chunk.length}${chunk.toString('latin1', 0, 1)}`);
    return true;
  }

  end(): void {
    this.writableEnded = true;
    this.done.push('fin');
  }
}

function makePipe(): { pipe: Pipe; sink: Sink; delivered: string[] } {
  const sink = new Sink();
  const source = { isPaused: () => false, pause: () => {}, resume: () => {} };
  const delivered: string[] = [];
  const pipe = new Pipe({
    source: source as unknown as Socket,
    destination: sink as unknown as Socket,
    onDelivered: (chunk) => delivered.push(chunk.toString('latin1', 0, 1)),
    finish: () => sink.end(),
    close: () => {},
    reset: () => {},
    random: () => 0,
  });
  return { pipe, sink, delivered };
}

const LARGE = 16 * 1024;

describe('when a pipe writes', () => {
  test('small chunks go out in order at the end of the turn, and are told only then', async () => {
    const { pipe, sink, delivered } = makePipe();
    pipe.write(Buffer.from('a'));
    pipe.write(Buffer.from('b'));
    expect([sink.done, delivered]).toEqual([[], []]);
    await nextTurn();
    expect([sink.done, delivered]).toEqual([
      ['1a', '1b'],
      ['a', 'b'],
    ]);
  });

  test('a large chunk goes out at once, behind what came before it', () => {
    const { pipe, sink } = makePipe();
    pipe.write(Buffer.from('a'));
    pipe.write(Buffer.alloc(LARGE, 'b'));
    expect(sink.done).toEqual(['1a', `${LARGE}b`]);
  });

  test('FIN comes after what waits, also where it comes in the same turn', () => {
    const { pipe, sink } = makePipe();
    pipe.write(Buffer.from('a'));
    pipe.end();
    expect(sink.done).toEqual(['1a', 'fin']);
  });

  test('whoever breaks the connection off can have what waits written first, once', async () => {
    const { pipe, sink } = makePipe();
    pipe.write(Buffer.from('a'));
    pipe.flush();
    await nextTurn();
    expect(sink.done).toEqual(['1a']);
  });
});
