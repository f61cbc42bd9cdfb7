/** What a raw client sees through every toxic is the same through ours and through a real one, but where told. */
import { describe } from '@jest/globals';
import { timed } from '../../support/wire.ts';
import { STREAMS, takes, toxic, wireComparison } from '../../support/wire-comparison.ts';

const { same, differs } = await wireComparison();

describe('without toxics', () => {
  same('bytes come back, and a FIN after them', ['hello', { bytes: 'hello', end: 'fin' }], async (side) => {
    const client = await (await side.proxy(side.up.echo)).dial();
    const echoed = await client.echo('hello');
    client.socket.end();
    return [echoed, await client.end()];
  });

  same('the last words of a server that closes arrive', { bytes: 'last words', end: 'fin' }, async (side) =>
    (await (await side.proxy(side.up.speaker)).dial()).end(),
  );

  same('nobody behind it: connected, then FIN', { bytes: '', end: 'fin' }, async (side) =>
    (await (await side.proxy(side.up.nobody)).dial()).end(),
  );

  differs(
    'an answer after the client’s FIN',
    'Toxiproxy closes both ways at the first FIN, and the answer is lost',
    { bytes: 'answer', end: 'fin' },
    { bytes: '', end: 'fin' },
    async (side) => {
      const client = await (await side.proxy(side.up.patient)).dial();
      client.socket.end('question');
      return client.end();
    },
  );

  differs(
    'a server that resets',
    'an abrupt end stays abrupt across a link',
    { bytes: '', end: 'ECONNRESET' },
    { bytes: '', end: 'fin' },
    async (side) => {
      const client = await (await side.proxy(side.up.rude)).dial();
      client.socket.write('x');
      return client.end();
    },
  );

  differs(
    'a client that resets, as the server sees it',
    'an abrupt end stays abrupt across a link',
    'ECONNRESET',
    'fin',
    async (side) => {
      const visitor = side.up.visitor();
      const client = await (await side.proxy(side.up.sink)).dial();
      client.socket.write('x');
      await visitor.got(1);
      client.socket.resetAndDestroy();
      return (await visitor.end()).end;
    },
  );
});

describe('latency', () => {
  for (const stream of STREAMS) {
    same(`${stream}: each chunk is late by it`, ['ping', 'in time'], async (side) => {
      const client = await (
        await side.proxy(side.up.echo, toxic('latency', { latency: 150 }, { stream }))
      ).dial();
      let echoed = '';
      const ms = await timed(async () => {
        echoed = await client.echo('ping');
      });
      return [echoed, takes(ms, 150)];
    });
  }

  same('both ways add up, and jitter stays in its bounds', 'in time', async (side) => {
    const proxy = await side.proxy(
      side.up.echo,
      toxic('latency', { latency: 100, jitter: 50 }, { stream: 'upstream' }),
      toxic('latency', { latency: 100, jitter: 50 }),
    );
    const client = await proxy.dial();
    return takes(await timed(() => client.echo('ping')), 100);
  });

  same('is pipelined: many chunks are no later than one', 'in time', async (side) => {
    const client = await (await side.proxy(side.up.echo, toxic('latency', { latency: 200 }))).dial();
    const ms = await timed(async () => {
      for (let i = 0; i < 20; i++) {
        client.socket.write('x');
        await new Promise((resolve) => setTimeout(resolve, 5)); // chunks of their own
      }
      await client.got(20);
    });
    return takes(ms, 200);
  });

  same('the connect itself is not late', true, async (side) => {
    const proxy = await side.proxy(
      side.up.echo,
      toxic('latency', { latency: 3_000 }, { stream: 'upstream' }),
    );
    return (await timed(() => proxy.dial())) < 1_500;
  });

  same('toxicity 0 hits nobody', true, async (side) => {
    const proxy = await side.proxy(side.up.echo, toxic('latency', { latency: 3_000 }, { toxicity: 0 }));
    return (await timed(async () => (await proxy.dial()).echo('ping'))) < 1_500;
  });

  same('toxicity 0.5 hits some and not others', ['hit', 'missed'], async (side) => {
    const proxy = await side.proxy(side.up.speaker, toxic('limit_data', { bytes: 4 }, { toxicity: 0.5 }));
    const seen = new Set<string>();
    for (let i = 0; i < 40; i++) {
      const { bytes } = await (await proxy.dial()).end();
      seen.add(bytes === 'last' ? 'hit' : bytes === 'last words' ? 'missed' : bytes);
    }
    return [...seen].sort();
  });
});

describe('bandwidth', () => {
  for (const stream of STREAMS) {
    same(`${stream}: 40 kB at 100 kB/s`, [40_000, 'in time'], async (side) => {
      const client = await (
        await side.proxy(side.up.echo, toxic('bandwidth', { rate: 100 }, { stream }))
      ).dial();
      let echoed = '';
      const ms = await timed(async () => {
        echoed = await client.echo('x'.repeat(40_000));
      });
      return [echoed.length, takes(ms, 350)]; // the last slice need not be waited for
    });
  }

  same('rate 0 holds everything until it is removed', ['', 'held'], async (side) => {
    const proxy = await side.proxy(side.up.echo, toxic('bandwidth', { rate: 0 }));
    const client = await proxy.dial();
    client.socket.write('held');
    await (await (await side.proxy(side.up.echo)).dial()).echo('something else passes meanwhile');
    const before = client.received();
    await proxy.call('DELETE /toxics/bandwidth_downstream');
    return [before, await client.got(4)];
  });
});

describe('slow_close', () => {
  same('downstream: data at once, the FIN later', ['last words', 'in time', 'fin'], async (side) => {
    const client = await (await side.proxy(side.up.speaker, toxic('slow_close', { delay: 200 }))).dial();
    const bytes = await client.got(10);
    let end = '';
    const ms = await timed(async () => {
      end = (await client.end()).end;
    });
    // Counted from the server's close, which is a little before the client has the bytes.
    return [bytes, takes(ms, 150), end];
  });

  same(
    'upstream: the server learns later that the client has gone',
    ['x', 'fin', 'in time'],
    async (side) => {
      const visitor = side.up.visitor();
      const proxy = await side.proxy(
        side.up.sink,
        toxic('slow_close', { delay: 200 }, { stream: 'upstream' }),
      );
      const client = await proxy.dial();
      client.socket.write('x');
      await visitor.got(1);
      client.socket.end();
      let ending = { bytes: '', end: '' };
      const ms = await timed(async () => {
        ending = await visitor.end();
      });
      return [ending.bytes, ending.end, takes(ms, 190)];
    },
  );
});

describe('timeout', () => {
  for (const stream of STREAMS) {
    same(`${stream}: nothing comes, then FIN`, ['', 'fin', 'in time'], async (side) => {
      const client = await (
        await side.proxy(side.up.echo, toxic('timeout', { timeout: 150 }, { stream }))
      ).dial();
      client.socket.write('lost');
      let seen = { bytes: '', end: '' };
      const ms = await timed(async () => {
        seen = await client.end();
      });
      return [seen.bytes, seen.end, takes(ms, 140)];
    });
  }

  same(
    '0 closes nothing; removing it closes those it held',
    ['', { bytes: '', end: 'fin' }],
    async (side) => {
      const proxy = await side.proxy(side.up.echo, toxic('timeout', { timeout: 0 }));
      const client = await proxy.dial();
      client.socket.write('lost');
      await (await (await side.proxy(side.up.echo)).dial()).echo('something else passes meanwhile');
      const before = client.received();
      await proxy.call('DELETE /toxics/timeout_downstream');
      return [before, await client.end()];
    },
  );

  for (const stream of STREAMS) {
    same(`${stream}: a client that leaves is let go`, { bytes: '', end: 'fin' }, async (side) => {
      const client = await (await side.proxy(side.up.echo, toxic('timeout', {}, { stream }))).dial();
      client.socket.end('lost');
      return client.end();
    });

    same(
      `${stream}: a server that leaves`,
      { bytes: stream === 'upstream' ? 'last words' : '', end: 'fin' },
      async (side) =>
        (await (await side.proxy(side.up.speaker, toxic('timeout', {}, { stream }))).dial()).end(),
    );
  }

  same('a new connection after it was removed is whole', 'ping', async (side) => {
    const proxy = await side.proxy(side.up.echo, toxic('timeout', { timeout: 0 }));
    await proxy.dial();
    await proxy.call('DELETE /toxics/timeout_downstream');
    return (await proxy.dial()).echo('ping');
  });
});

describe('reset_peer', () => {
  for (const stream of STREAMS) {
    same(
      `${stream}: a new connection is reset at its first bytes`,
      { bytes: '', end: 'ECONNRESET' },
      async (side) => {
        const client = await (await side.proxy(side.up.echo, toxic('reset_peer', {}, { stream }))).dial();
        client.socket.write('x');
        return client.end();
      },
    );
  }

  same('with a timeout, later', ['ECONNRESET', 'in time'], async (side) => {
    const proxy = await side.proxy(
      side.up.echo,
      toxic('reset_peer', { timeout: 200 }, { stream: 'upstream' }),
    );
    const client = await proxy.dial();
    client.socket.write('x');
    let end = '';
    const ms = await timed(async () => {
      end = (await client.end()).end;
    });
    return [end, takes(ms, 190)];
  });

  differs(
    'a connection that was open before',
    'it is reset all the same; SO_LINGER is set there only when a connection opens',
    { bytes: 'a', end: 'ECONNRESET' },
    { bytes: 'a', end: 'fin' },
    async (side) => {
      const proxy = await side.proxy(side.up.echo);
      const client = await proxy.dial();
      await client.echo('a');
      await proxy.call(`POST /toxics ${JSON.stringify(toxic('reset_peer', {}, { stream: 'upstream' }))}`);
      client.socket.write('b');
      return client.end();
    },
  );

  differs(
    'with toxicity 0',
    'a toxic that does not hit does nothing (#603)',
    { bytes: 'last words', end: 'fin' },
    'reset',
    async (side) => {
      const proxy = await side.proxy(side.up.speaker, toxic('reset_peer', {}, { toxicity: 0 }));
      const seen = await (await proxy.dial()).end();
      return seen.end === 'ECONNRESET' ? 'reset' : seen; // how many bytes came before is chance
    },
  );

  differs(
    'removing one that counts',
    'the API answers at once; there it waits for the count',
    ['answered at once', true],
    ['answered late', true],
    async (side) => {
      const proxy = await side.proxy(
        side.up.echo,
        toxic('reset_peer', { timeout: 1_200 }, { stream: 'upstream' }),
      );
      const client = await proxy.dial();
      client.socket.write('x');
      await (await (await side.proxy(side.up.echo)).dial()).echo('x'); // the bytes have arrived
      const ms = await timed(() => proxy.call('DELETE /toxics/reset_peer_upstream'));
      return [ms < 600 ? 'answered at once' : 'answered late', ms < 4_000];
    },
  );
});
