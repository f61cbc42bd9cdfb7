/** Slices, limits, chains, and changes while connections live: the same on the wire as through a real Toxiproxy. */
import { describe } from '@jest/globals';
import { type Client, type Side, timed } from '../../support/wire.ts';
import { STREAMS, takes, toxic, wireComparison } from '../../support/wire-comparison.ts';

const { same, differs } = await wireComparison();

describe('slicer', () => {
  for (const stream of STREAMS) {
    same(`${stream}: the same bytes, in pieces, with pauses`, [true, 'in time'], async (side) => {
      const attributes = { average_size: 100, size_variation: 20, delay: 20_000 };
      const client = await (await side.proxy(side.up.echo, toxic('slicer', attributes, { stream }))).dial();
      const sent = Array.from({ length: 1_000 }, (_, i) => String.fromCharCode(97 + (i % 26))).join('');
      let echoed = '';
      const ms = await timed(async () => {
        echoed = await client.echo(sent);
      });
      return [echoed === sent, takes(ms, 120)]; // ten pieces or so of ours, sixteen of theirs
    });
  }
});

describe('limit_data', () => {
  same('downstream: so many bytes, then FIN', { bytes: '0123456', end: 'fin' }, async (side) => {
    const client = await (await side.proxy(side.up.echo, toxic('limit_data', { bytes: 7 }))).dial();
    client.socket.write('0123456789');
    return client.end();
  });

  same(
    'upstream: so many bytes reach the server, then FIN',
    [{ bytes: '0123456', end: 'fin' }, 'fin'],
    async (side) => {
      const visitor = side.up.visitor();
      const proxy = await side.proxy(side.up.sink, toxic('limit_data', { bytes: 7 }, { stream: 'upstream' }));
      const client = await proxy.dial();
      client.socket.write('0123456789');
      return [await visitor.end(), (await client.end()).end];
    },
  );

  same('counts over many chunks', { bytes: '01234', end: 'fin' }, async (side) => {
    const client = await (await side.proxy(side.up.echo, toxic('limit_data', { bytes: 5 }))).dial();
    await client.echo('012');
    client.socket.write('3456');
    return client.end();
  });

  same('0 closes at the first byte', { bytes: '', end: 'fin' }, async (side) => {
    const client = await (await side.proxy(side.up.echo, toxic('limit_data', { bytes: 0 }))).dial();
    client.socket.write('x');
    return client.end();
  });
});

describe('two toxics in a chain', () => {
  const chains: readonly [string, object, object, string, number][] = [
    [
      'latency, limit_data',
      toxic('latency', { latency: 150 }),
      toxic('limit_data', { bytes: 3 }),
      'abc',
      150,
    ],
    [
      'limit_data, latency',
      toxic('limit_data', { bytes: 3 }),
      toxic('latency', { latency: 150 }),
      'abc',
      150,
    ],
    ['limit_data, bandwidth', toxic('limit_data', { bytes: 3 }), toxic('bandwidth', { rate: 100 }), 'abc', 0],
    [
      'limit_data, slow_close',
      toxic('limit_data', { bytes: 3 }),
      toxic('slow_close', { delay: 150 }),
      'abc',
      150,
    ],
    [
      'slicer, limit_data',
      toxic('slicer', { average_size: 1, delay: 1 }),
      toxic('limit_data', { bytes: 3 }),
      'abc',
      0,
    ],
    [
      'limit_data, slicer',
      toxic('limit_data', { bytes: 3 }),
      toxic('slicer', { average_size: 1, delay: 30_000 }),
      'abc',
      60,
    ],
    ['timeout, latency', toxic('timeout', { timeout: 150 }), toxic('latency', { latency: 20 }), '', 140],
    ['latency, timeout', toxic('latency', { latency: 20 }), toxic('timeout', { timeout: 150 }), '', 140],
  ];
  for (const [title, first, second, bytes, atLeastMs] of chains) {
    same(title, [{ bytes, end: 'fin' }, 'in time'], async (side) => {
      const client = await (await side.proxy(side.up.echo, first, second)).dial();
      client.socket.write('abcdef');
      let ending = {};
      const ms = await timed(async () => {
        ending = await client.end();
      });
      return [ending, takes(ms, atLeastMs)];
    });
  }

  same(
    'the last words of a server wait for both',
    [{ bytes: 'last words', end: 'fin' }, 'in time'],
    async (side) => {
      const [slow, later] = [toxic('latency', { latency: 100 }), toxic('slow_close', { delay: 100 })];
      const client = await (await side.proxy(side.up.speaker, slow, later)).dial();
      let ending = {};
      const ms = await timed(async () => {
        ending = await client.end();
      });
      return [ending, takes(ms, 180)];
    },
  );
});

describe('a connection that is open', () => {
  const open = async (side: Side) => {
    const proxy = await side.proxy(side.up.echo);
    const client = await proxy.dial();
    await client.echo('before');
    return { proxy, client };
  };
  const delay = async (client: Client): Promise<'slow' | 'fast' | number> => {
    const ms = await timed(() => client.echo('ping'));
    return ms >= 598 ? 'slow' : ms < 450 ? 'fast' : ms;
  };

  same(
    'gets a toxic, another value of it, and is rid of it',
    ['fast', 'slow', 'fast', 'slow', 'fast'],
    async (side) => {
      const { proxy, client } = await open(side);
      const seen = [await delay(client)];
      await proxy.call('POST /toxics {"type":"latency","attributes":{"latency":600}}');
      seen.push(await delay(client));
      await proxy.call('POST /toxics/latency_downstream {"attributes":{"latency":1}}');
      await client.echo('x'); // the first chunk after a change passes undelayed there
      seen.push(await delay(client));
      await proxy.call('POST /toxics/latency_downstream {"attributes":{"latency":600}}');
      await client.echo('x');
      seen.push(await delay(client));
      await proxy.call('DELETE /toxics/latency_downstream');
      seen.push(await delay(client));
      return seen;
    },
  );

  same('is given at once what a removed toxic held', ['held', true], async (side) => {
    const { proxy, client } = await open(side);
    await proxy.call('POST /toxics {"type":"latency","attributes":{"latency":5000}}');
    client.socket.write('held');
    await (await open(side)).client.echo('something else passes meanwhile');
    let bytes = '';
    const ms = await timed(async () => {
      await proxy.call('DELETE /toxics/latency_downstream');
      bytes = (await client.got(10)).slice(6);
    });
    return [bytes, ms < 2_500];
  });

  same('is cut by limit_data, counted from then on', { bytes: 'before012', end: 'fin' }, async (side) => {
    const { proxy, client } = await open(side);
    await proxy.call('POST /toxics {"type":"limit_data","attributes":{"bytes":3}}');
    client.socket.write('01234');
    return client.end();
  });

  same('is closed by reset, which lifts a timeout', { bytes: 'before', end: 'fin' }, async (side) => {
    const { proxy, client } = await open(side);
    await proxy.call('POST /toxics {"type":"timeout"}');
    await side.call('POST /reset');
    return client.end();
  });

  for (const [title, call] of [
    ['the proxy is disabled', 'POST  {"enabled":false}'],
    ['the proxy is deleted', 'DELETE '],
    ['the upstream is changed', 'POST  {"upstream":"127.0.0.1:9"}'],
  ] as const) {
    same(`is closed when ${title}`, { bytes: 'before', end: 'fin' }, async (side) => {
      const { proxy, client } = await open(side);
      await proxy.call(call);
      return client.end();
    });
  }

  same('new ones are refused while the proxy is disabled', ['ECONNREFUSED', 'again'], async (side) => {
    const { proxy } = await open(side);
    await proxy.call('POST  {"enabled":false}');
    const refused = await proxy.dial().catch(({ code }: NodeJS.ErrnoException) => code);
    await proxy.call('POST  {"enabled":true}');
    return [refused, await (await proxy.dial()).echo('again')];
  });

  same('new ones go to the new upstream', { bytes: 'last words', end: 'fin' }, async (side) => {
    const { proxy } = await open(side);
    await proxy.call(`POST  {"upstream":"127.0.0.1:${side.up.speaker}"}`);
    return (await proxy.dial()).end();
  });

  same('toxics outlive a disable and an enable', '', async (side) => {
    const { proxy } = await open(side);
    await proxy.call('POST /toxics {"type":"limit_data"}');
    await proxy.call('POST  {"enabled":false}');
    await proxy.call('POST  {"enabled":true}');
    const client = await proxy.dial();
    client.socket.write('x');
    return (await client.end()).bytes;
  });

  differs(
    'meets a toxicity of 0.5 while others come and go',
    'it is drawn once, when connection and toxic meet; there at every change of any toxic',
    1,
    2,
    async (side) => {
      const { proxy, client } = await open(side);
      await proxy.call(
        'POST /toxics {"type":"latency","name":"half","toxicity":0.5,"attributes":{"latency":200}}',
      );
      const seen = new Set<boolean>();
      for (let i = 0; i < 16; i++) {
        await proxy.call('POST /toxics/half {}');
        seen.add((await timed(() => client.echo('x'))) >= 198);
      }
      return seen.size;
    },
  );
});

describe('values that end the process of a real Toxiproxy', () => {
  // `slicer` without a size is another, but takes a gigabyte of stack with it.
  const deadly: readonly [string, object][] = [
    ['slicer that varies by more than its size', toxic('slicer', { average_size: 5, size_variation: 20 })],
    ['bandwidth below 0', toxic('bandwidth', { rate: -1 })],
  ];
  for (const [title, body] of deadly) {
    differs(title, 'it is refused (#541)', 'refused, and lives', 'accepted, and dead', async (shared) => {
      await using side = await shared.another();
      const proxy = await side.proxy(side.up.echo);
      const answer = await proxy.call(`POST /toxics ${JSON.stringify(body)}`).then(
        () => 'accepted',
        () => 'refused',
      );
      const client = await proxy.dial();
      client.socket.write('x'.repeat(1_000));
      // The echo of a process that lives; the end of the connection of one that does not.
      await client.gotOrEnded(1_000);
      const lives = await side.call('GET /proxies').then(
        () => 'lives',
        () => 'dead',
      );
      return `${answer}, and ${lives}`;
    });
  }
});
