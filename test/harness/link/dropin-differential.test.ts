/** Every call of the table, in order, against ours and two real servers: the same answers, but where it says why not. */
import { afterAll, beforeAll, describe, expect } from '@jest/globals';
import { type Answer, comparable, send } from '../../support/api-call.ts';
import { SECTIONS } from '../../support/dropin/calls.ts';
import type { Difference, Expected } from '../../support/dropin/row.ts';
import { Cleanup } from '../../support/sockets.ts';
import { NEW, OLD, realToxiproxy, startOurs, startReal, testWith } from '../../support/toxiproxy.ts';

const [newest, oldest] = await Promise.all([realToxiproxy(NEW), realToxiproxy(OLD)]);
const testBoth = testWith({ newest, oldest });

const cleanup = new Cleanup();
afterAll(() => cleanup.run());
let servers: readonly string[] = [];
beforeAll(async () => {
  if (typeof newest === 'string' || typeof oldest === 'string') return;
  servers = await Promise.all([startOurs(cleanup), startReal(cleanup, newest), startReal(cleanup, oldest)]);
}, 30_000);

/** Sends a call with the addresses, or ports, at which this server has its proxies put in. */
async function ask(server: string, call: string): Promise<Answer> {
  let filled = call;
  for (const [placeholder, name, port] of call.matchAll(/\{\{(\w+)(\.port)?\}\}/g)) {
    const { body } = await send(server, `GET /proxies/${name}`);
    const address = (body as { listen: string }).listen;
    filled = filled.replace(placeholder, port === undefined ? address : address.replace(/.*:/, ''));
  }
  const { status, type, body } = await send(server, filled);
  return { status, type, body: withoutPorts(comparable(body), filled) };
}

/** An error that repeats the address it was given. */
function withoutPorts(body: unknown, call: string): unknown {
  if (!/127\.0\.0\.1:\d{4}/.test(call)) return body;
  return JSON.parse(JSON.stringify(body).replaceAll(/127\.0\.0\.1:\d{4,5}/g, '127.0.0.1:PORT'));
}

const asExpected = ([status, body]: Expected): object => ({
  status,
  ...(body === undefined ? {} : { body }),
});

describe.each(Object.entries(SECTIONS))('%s', (_section, rows) => {
  beforeAll(async () => {
    await Promise.all(
      servers.map(async (server) => {
        const { body } = await send(server, 'GET /proxies');
        for (const name of Object.keys(body as object))
          await send(server, `DELETE /proxies/${encodeURIComponent(name)}`);
      }),
    );
  });

  for (const row of rows) {
    const { call, why, ours, real, old }: Difference = typeof row === 'string' ? { call: row } : row;
    testBoth(why === undefined ? call : `${call} — differs: ${why}`, async () => {
      const [us, now, then] = await Promise.all(servers.map((server) => ask(server, call)));
      if (ours === undefined || real === undefined) expect(us).toEqual(now);
      else {
        expect(us).toMatchObject(asExpected(ours));
        expect(now).toMatchObject(asExpected(real));
      }
      if (old === undefined) expect(then).toEqual(now);
      else expect(then).toMatchObject(asExpected(old));
    });
  }
});
