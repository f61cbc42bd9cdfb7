/** However the bytes of an answer are cut, a fault makes the same of it. And a bucket, by a clock of the test's. */
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Chooser } from '../../../harness/link/chooser.ts';
import { HttpConversation } from '../../../harness/link/http/conversation.ts';
import type { HttpFault } from '../../../harness/link/http/fault.ts';
import { HTTP_FAULTS } from '../../../harness/link/http/registry.ts';
import type { FaultInput } from '../../../harness/model/fault.ts';
import { collectedEnds } from '../../support/conversation.ts';
import { bodiesIn, httpFault, requestBytes } from '../../support/faulty.ts';

const chunk = (text: string): string => `${Buffer.byteLength(text).toString(16)}\r\n${text}\r\n`;
const chunkedAnswer = (type: string, ...parts: string[]): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ntransfer-encoding: chunked\r\n\r\n${parts.map(chunk).join('')}0\r\n\r\n`;
const wholeAnswer = (type: string, body: string): string =>
  `HTTP/1.1 200 OK\r\ncontent-type: ${type}\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;

const said = (content: string, finish: string | null = null): string =>
  JSON.stringify({ choices: [{ delta: { content }, finish_reason: finish }] });
const completion = JSON.stringify({
  choices: [{ message: { content: 'Füchse jagen nachts im Wald' }, finish_reason: 'stop' }],
  usage: { total_tokens: 9 },
});

const ANSWERS = {
  sse: chunkedAnswer(
    'text/event-stream; charset=utf-8',
    `: hello\n\ndata: ${said('')}\n\ndata: ${said('Füchse')}\n`,
    `\ndata: ${said(' jagen')}\n\n`,
    `data: ${said(' nachts')}\n\nevent: x\ndata: ${said('.')}\n\ndata: ${said('', 'stop')}\n\n`,
    'data: {"choices":[],"usage":{"total_tokens":9}}\n\ndata: [DONE]\n\n',
  ),
  'sse with CRLF': chunkedAnswer(
    'text/event-stream',
    `data: ${said('a')}\r\n\r\ndata: ${said('b')}\r\n\r\n`,
    `data: ${said('c')}\r\n\r\ndata: [DONE]\r\n\r\n`,
  ),
  ndjson: chunkedAnswer(
    'application/x-ndjson',
    '{"message":{"content":"Füch"},"done":false}\n{"message":{"content":"se"},"done":false}\n{"message":',
    '{"content":" jagen"},"done":false}\n{"message":{"content":""},"done":true,"done_reason":"stop","eval_count":3}\n',
  ),
  json: wholeAnswer('application/json', completion),
  'json in chunks': chunkedAnswer('application/json', completion.slice(0, 30), completion.slice(30)),
  embedding: wholeAnswer('application/json', '{"embeddings":[[0.6,0.8,0],[0,0,1]]}'),
  page: wholeAnswer('text/html', '<p>Füchse</p>'),
};

const FAULTS: FaultInput[] = [
  { type: 'http_slow_first_byte', attributes: { delay_ms: 1 } },
  { type: 'http_hang_after_headers' },
  { type: 'http_body_cut', attributes: { bytes: 40 } },
  { type: 'http_huge_body', attributes: { bytes: 1024 } },
  { type: 'http_wrong_content_type' },
  { type: 'http_malformed_json' },
  { type: 'http_malformed_json', attributes: { how: 'garbage' } },
  { type: 'http_wrong_schema' },
  // The test's timers fire at once, so a stall is over at once and nothing may keep it alive for ever.
  { type: 'llm_stall', attributes: { tokens: 1, keep_alive_ms: 0, for_ms: 1 } },
  { type: 'llm_stall', attributes: { tokens: 1, keep_alive_ms: 0 } },
  { type: 'llm_stream_cut', attributes: { tokens: 2 } },
  { type: 'llm_stream_cut', attributes: { tokens: 1, where: 'mid_json' } },
  { type: 'llm_stream_cut', attributes: { tokens: 1, where: 'mid_utf8' } },
  { type: 'llm_stream_end', attributes: { how: 'missing_done' } },
  { type: 'llm_stream_end', attributes: { how: 'done_without_close' } },
  { type: 'llm_stream_end', attributes: { how: 'missing_usage' } },
  { type: 'llm_events', attributes: { how: 'duplicate' } },
  { type: 'llm_events', attributes: { how: 'reorder' } },
  { type: 'llm_empty_choices' },
  { type: 'llm_finish', attributes: { reason: 'length', tokens: 1 } },
  { type: 'embedding_wrong', attributes: { how: 'dimension' } },
  { type: 'embedding_wrong', attributes: { how: 'nan' } },
  { type: 'embedding_wrong', attributes: { how: 'other_model' } },
];

const NEXT = 'HTTP/1.1 204 No Content\r\nx: next\r\n\r\n';

/** What a fault makes of an answer, and of one to a pipelined request behind it, cut at these places. */
function through(fault: FaultInput, answer: string, cuts: readonly number[]) {
  const ends = collectedEnds();
  const armed = { ...httpFault(fault), chooser: new Chooser({}, () => 0), state: undefined } as HttpFault;
  const conversation = new HttpConversation(ends, [armed]);
  ends.abort = (how) => {
    ends.aborted.push(how);
    conversation.closed('link', how === 'rst');
  };
  ends.answer = (bytes) => {
    if (ends.aborted.length > 0) return; // as a socket that is closed
    ends.answered.push(Buffer.from(bytes));
    conversation.toTarget(bytes);
  };
  conversation.fromTarget(Buffer.from(requestBytes('GET', '/') + requestBytes('GET', '/next')));
  const bytes = Buffer.from(answer + NEXT);
  const at = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
  for (const [i, to] of at.slice(1).entries()) conversation.fromDependency(bytes.subarray(at[i], to));
  conversation.closed('dependency', false);
  const all = Buffer.concat(ends.answered);
  const exchanges = ends.events.flatMap((event) =>
    event.kind === 'exchange' ? [`${event.path} ${event.outcome} ${event.status} ${event.faults}`] : [],
  );
  return { all, aborted: ends.aborted, exchanges, hits: armed.chooser.hits };
}

describe.each(
  FAULTS.map((fault) => [`${fault.type} ${JSON.stringify(fault.attributes ?? {})}`, fault] as const),
)('%s', (_name, fault) => {
  test.each(Object.entries(ANSWERS))('on %s does the same however the bytes are cut', (_kind, answer) => {
    const whole = through(fault, answer, []);
    const isPassed = whole.hits === 0;
    if (isPassed) expect(bodiesIn(whole.all)[0]).toEqual(bodiesIn(Buffer.from(answer))[0]);
    fc.assert(
      fc.property(fc.array(fc.nat({ max: 5000 }), { maxLength: 30 }), (cuts) => {
        const cut = through(fault, answer, cuts);
        expect({ ...cut, all: bodiesIn(cut.all).map(String) }).toEqual({
          ...whole,
          all: bodiesIn(whole.all).map(String),
        });
      }),
      { numRuns: 40 },
    );
    // One byte at a time, which is every cut there is.
    const single = through(
      fault,
      answer,
      Array.from({ length: answer.length + NEXT.length }, (_, i) => i),
    );
    expect(bodiesIn(single.all).map(String)).toEqual(bodiesIn(whole.all).map(String));
    const isWhole = whole.exchanges[0]?.includes('answered') === true;
    if (isWhole) expect(whole.all.subarray(-NEXT.length).toString()).toBe(NEXT);
  });
});

describe('llm_rate_limit', () => {
  type Answer = { status: number; headers: Record<string, string>; body: string };
  const limited = (attributes: Record<string, unknown>) => {
    const armed = httpFault({ type: 'llm_rate_limit', attributes });
    const kind = HTTP_FAULTS.get('llm_rate_limit');
    if (kind?.arm === undefined) throw new Error('it keeps a bucket');
    let nowMs = 1_000;
    const state = kind.arm(armed.attributes, { nowMs: () => nowMs });
    const request = { method: 'POST', path: '/', headers: new Map(), body: null, onConnection: 1 };
    return {
      wait: (ms: number) => {
        nowMs += ms;
      },
      /** null: it passes. */
      ask: (): Answer | null => {
        const act = kind.act(request, armed.attributes, state);
        return act.do === 'answer' ? act.answer : null;
      },
    };
  };

  test('lets so many pass, then refuses until the bucket has a token again', () => {
    const { wait, ask } = limited({ requests: 3, window_ms: 60_000 });
    expect([ask(), ask(), ask()]).toEqual([null, null, null]);
    expect(ask()).toMatchObject({
      status: 429,
      headers: {
        'retry-after': '20',
        'x-ratelimit-limit-requests': '3',
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '1m0s',
      },
    });
    wait(19_000);
    expect(ask()?.headers).toMatchObject({ 'retry-after': '1', 'x-ratelimit-reset-requests': '41s' });
    wait(1_000);
    expect(ask()).toBeNull();
    expect(ask()?.headers['retry-after']).toBe('20');
    wait(10 * 60_000); // full again, and no fuller
    expect([ask(), ask(), ask(), ask()?.status]).toEqual([null, null, null, 429]);
  });

  test.each([
    [
      'openrouter',
      {
        'x-ratelimit-limit': '1',
        'x-ratelimit-remaining': '0',
        'x-ratelimit-reset': expect.stringMatching(/^\d{13}$/),
      },
      { error: { code: 429 } },
    ],
    [
      'anthropic',
      {
        'anthropic-ratelimit-requests-remaining': '0',
        'anthropic-ratelimit-requests-reset': expect.stringMatching(/Z$/),
      },
      { error: { type: 'rate_limit_error' } },
    ],
    ['ollama', { 'retry-after': '1' }, { error: expect.any(String) }],
  ])('tells it as %s does', (shape, headers, body) => {
    const { ask } = limited({ requests: 1, window_ms: 800, shape });
    ask();
    const refused = ask();
    expect(refused?.headers).toMatchObject(headers);
    expect(JSON.parse(refused?.body ?? '')).toMatchObject(body);
  });
});
