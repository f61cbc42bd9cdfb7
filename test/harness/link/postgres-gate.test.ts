/** Whatever bytes come, in whatever pieces: what no fault takes goes on as it came. No sockets here. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Chooser } from '../../../harness/link/chooser.ts';
import { resolveFault } from '../../../harness/link/faults.ts';
import { PostgresConversation } from '../../../harness/link/postgres/conversation.ts';
import type { PostgresFault } from '../../../harness/link/postgres/fault.ts';
import { Fault, type FaultInput } from '../../../harness/model/fault.ts';
import { type CollectedEnds, collectedEnds } from '../../support/conversation.ts';
import { HELLO, message, query, startup } from '../../support/postgres-wire.ts';

function armed(input: FaultInput): PostgresFault {
  const spec = Fault.parse(input);
  const armable = resolveFault(spec, 'f0', 'postgres', 'test');
  if (armable.plane !== 'protocol') throw new Error('no protocol fault');
  const { name, kind, attributes } = armable.fault;
  return {
    name,
    kind,
    attributes,
    spec,
    chooser: new Chooser(spec, () => 0),
    state: undefined,
  } as PostgresFault;
}

/** Faults of every kind that look at everything and hit nothing. */
const IDLE: PostgresFault[] = [
  armed({ type: 'postgres_error', attributes: { sqlstate: '40001' }, match: { statement: 'never there' } }),
  armed({ type: 'postgres_cut', attributes: { when: 'after' }, probability: 0 }),
  armed({ type: 'postgres_kill', match: { command: 'NEVER' } }),
  armed({ type: 'postgres_sessions', attributes: { max: 1_000 } }),
];

/** A conversation whose ends behave like a connection without toxics: what is answered has reached the target. */
function conversation(faults: PostgresFault[]): { talk: PostgresConversation; ends: CollectedEnds } {
  const ends = collectedEnds('database');
  const answer = ends.answer;
  ends.answer = (chunk) => {
    answer(chunk);
    talk.toTarget(chunk);
  };
  const talk = new PostgresConversation(ends, faults);
  return { talk, ends };
}

const body = fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes));
const frontendMessage = fc.oneof(
  fc.tuple(fc.constantFrom(...'QPBDESCHXFdcfp'), body).map(([type, bytes]) => message(type, bytes)),
  fc.constantFrom('begin', 'commit', 'select 1').map((sql) => query(sql)),
);
const frontend = fc
  .tuple(
    fc.constantFrom(HELLO, startup(80_877_103), startup(80_877_102, 'secret.'), Buffer.of(22, 3, 1, 2, 0, 1)),
    fc.array(fc.oneof({ weight: 9, arbitrary: frontendMessage }, { weight: 1, arbitrary: body }), {
      maxLength: 12,
    }),
  )
  .map(([first, rest]) => Buffer.concat([first, ...rest]));
const backend = fc
  .array(
    fc.oneof(
      {
        weight: 9,
        arbitrary: fc
          .tuple(fc.constantFrom(...'RSKZ12CTDEIsGN'), body)
          .map(([type, bytes]) => message(type, bytes)),
      },
      { weight: 1, arbitrary: body },
      { weight: 1, arbitrary: fc.constantFrom(Buffer.from('N'), Buffer.from('S')) },
    ),
    { maxLength: 12 },
  )
  .map((messages) => Buffer.concat(messages));

function split(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const at = [0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  return at.slice(1).map((end, n) => bytes.subarray(at[n], end));
}

describe('whatever bytes come under faults that match nothing', () => {
  const cuts = fc.array(fc.nat(), { maxLength: 12 });

  test('both ways, in any split, interleaved, they go on as they came', () => {
    fc.assert(
      fc.property(
        frontend,
        backend,
        cuts,
        cuts,
        fc.array(fc.boolean()),
        (up, down, upCuts, downCuts, turns) => {
          const { talk, ends } = conversation(IDLE);
          const queues = { up: split(up, upCuts), down: split(down, downCuts) };
          const turn = [...turns];
          while (queues.up.length + queues.down.length > 0) {
            const isUp = queues.down.length === 0 || (queues.up.length > 0 && turn.shift() !== false);
            const chunk = (isUp ? queues.up : queues.down).shift();
            if (chunk === undefined) continue;
            if (isUp) talk.fromTarget(chunk);
            else talk.fromDependency(chunk);
          }
          talk.targetEnded();
          talk.dependencyEnded();
          talk.closed('target');
          expect(Buffer.concat(ends.forwarded).equals(up)).toBe(true);
          expect(Buffer.concat(ends.answered).equals(down)).toBe(true);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  test('armed and healed in the middle, they go on as they came', () => {
    fc.assert(
      fc.property(frontend, cuts, fc.array(fc.boolean()), (up, upCuts, arming) => {
        const faults: PostgresFault[] = [];
        const { talk, ends } = conversation(faults);
        const arm = [...arming];
        for (const chunk of split(up, upCuts)) {
          faults.splice(0, faults.length, ...(arm.shift() === true ? IDLE : []));
          talk.fromTarget(chunk);
        }
        talk.targetEnded();
        expect(Buffer.concat(ends.forwarded).equals(up)).toBe(true);
      }),
      { numRuns: 1_000 },
    );
  });

  test('with none armed each chunk goes on as the one it was', () => {
    const { talk, ends } = conversation([]);
    const forwarded: Buffer[] = [];
    ends.forward = (chunk) => void forwarded.push(chunk);
    const chunks = split(Buffer.concat([HELLO, query('select 1'), query('commit')]), [5, 50, 55, 80]);
    for (const chunk of chunks) talk.fromTarget(chunk);
    expect(forwarded).toHaveLength(chunks.filter(({ length }) => length > 0).length);
    for (const [n, chunk] of chunks.entries()) expect(forwarded[n]).toBe(chunk);
  });
});

describe('whatever bytes come under faults that hit', () => {
  const KINDS: FaultInput[] = [
    { type: 'postgres_error', attributes: { sqlstate: '40001' }, match: { every: 2 } },
    { type: 'postgres_slow', attributes: { delay_ms: 5 }, match: { every: 2 } },
    { type: 'postgres_kill', match: { nth: 3 } },
    { type: 'postgres_cut', attributes: { when: 'before' }, match: { command: 'COMMIT', nth: 2 } },
    { type: 'postgres_cut', attributes: { when: 'after' }, match: { statement: 'e', nth: 2 } },
    { type: 'postgres_refuse' },
  ];

  test.each(KINDS)('nothing throws, and a delay loses nothing: $type', (input) => {
    fc.assert(
      fc.property(frontend, backend, fc.array(fc.nat(), { maxLength: 12 }), (up, down, cuts) => {
        const { talk, ends } = conversation([armed(input)]);
        const late: (() => void)[] = [];
        ends.after = (_ms, act) => void late.push(act);
        for (const chunk of split(up, cuts)) {
          talk.fromTarget(chunk);
          if (cuts.length % 2 === 0) late.shift()?.();
        }
        for (const chunk of split(down, cuts)) talk.fromDependency(chunk);
        talk.targetEnded();
        for (const act of late) act();
        talk.dependencyEnded();
        talk.closed('target');
        if (input.type === 'postgres_slow') expect(Buffer.concat(ends.forwarded).equals(up)).toBe(true);
      }),
      { numRuns: 500 },
    );
  });
});
