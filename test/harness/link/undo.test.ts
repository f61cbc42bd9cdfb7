/** What a run made on a real Toxiproxy is undone whatever its API answers, and what others made stays. */
import { afterEach, describe, expect, test } from '@jest/globals';
import { type Found, type Made, madeName, Shown } from '../../../harness/link/made.ts';
import { remains, shownAt, undo } from '../../../harness/link/undo.ts';
import { FOREIGN, hangingWay, post } from '../../support/attached.ts';
import { Cleanup, echoServer, listen } from '../../support/sockets.ts';
import { NEW, type RealToxiproxy, realToxiproxy, startReal } from '../../support/toxiproxy.ts';

const cleanup = new Cleanup();
afterEach(() => cleanup.run());

const found = await realToxiproxy(NEW);
const why = typeof found === 'string' ? ` (skipped: ${found})` : '';
const here = typeof found === 'string' ? describe.skip : describe;
const toxiproxy: RealToxiproxy = typeof found === 'string' ? { version: NEW, server: '', cli: null } : found;

const LIMIT_MS = 300;
const OURS = madeName('r', 'slow');

/** A proxy with a toxic of somebody's and one of ours, and the way to its API on which some calls hang. */
async function proxy(
  hangs: Pick<RegExp, 'test'>,
): Promise<{ url: string; before: Found[]; ours: Made; now(): Promise<Shown[]> }> {
  const direct = await startReal(cleanup, toxiproxy);
  const url = await hangingWay(cleanup, direct, hangs);
  const upstream = `127.0.0.1:${await listen(cleanup, echoServer())}`;
  await post(`${direct}/proxies`, { name: 'a b', listen: '127.0.0.1:0', upstream });
  await post(`${direct}/proxies/a%20b/toxics`, FOREIGN);
  const now = (): Promise<Shown[]> => shownAt(direct, 2_000);
  const before = (await now()).map((one): Found => ({ url, dialect: 'toxiproxy', proxy: Shown.parse(one) }));
  await post(`${direct}/proxies/a%20b/toxics`, { ...FOREIGN, name: OURS });
  const ours: Made = { url, dialect: 'toxiproxy', proxy: 'a b', what: 'toxic', name: OURS };
  return { url, before, ours, now };
}

here(`undo${why}`, () => {
  test.each([
    ['where every call is answered', /^never$/],
    ['where no removal of a toxic is', /^DELETE .*\/toxics\//],
    ['where reading the proxy hangs as well', /^(DELETE .*\/toxics\/|GET \/proxies\/)/],
  ])('%s: what is ours goes, the rest is as it was, on the same port', async (_where, hangs) => {
    const { before, ours, now } = await proxy(hangs);
    expect(await undo([ours], before, LIMIT_MS)).toEqual([]);
    expect(await now()).toEqual(before.map((one) => one.proxy));
  });

  test('of a proxy that was taken away and could not be made anew is done by the next try', async () => {
    let isFree = false;
    const hangs = /^(DELETE .*\/toxics\/|POST \/proxies$)/;
    const { before, ours, now } = await proxy({ test: (call) => !isFree && hangs.test(call) });
    const left = await undo([ours], before, LIMIT_MS);
    expect(left).toMatchObject([
      { made: { what: 'removed' }, why: expect.stringMatching(/no answer within/) },
    ]);
    expect(await now()).toEqual([]);
    isFree = true;
    expect(
      await undo(
        left.map(({ made }) => made),
        before,
        LIMIT_MS,
      ),
    ).toEqual([]);
    expect(await now()).toEqual(before.map((one) => one.proxy));
  });

  test('of a proxy that is taken away after that was given up is done when it is seen to be missing', async () => {
    let isFree = false;
    const { url, before, ours, now } = await proxy({ test: (call) => !isFree && /^DELETE/.test(call) });
    const [api] = before as [Found];
    const tried = (await undo([ours], before, LIMIT_MS)).map(({ made }) => made);
    expect(remains(api, await now(), 'r', tried)).toMatchObject([{ what: 'toxic', name: OURS }]);
    isFree = true;
    // What the API had been asked, and carries out late.
    expect((await fetch(`${url}/proxies/a%20b`, { method: 'DELETE' })).status).toBe(204);
    const missing = remains(api, await now(), 'r', tried);
    expect(missing).toMatchObject([{ what: 'perhaps-removed' }]);
    expect(await undo(missing, before, LIMIT_MS)).toEqual([]);
    expect(await now()).toEqual(before.map((one) => one.proxy));
    expect(remains(api, await now(), 'r', tried)).toEqual([]);
    // Half-way taken away, as an API shows it then.
    await post(`${url}/proxies/a%20b`, { enabled: false });
    expect(await undo([{ ...ours, what: 'removed', name: '' }, ...tried], before, LIMIT_MS)).toEqual([]);
    expect(await now()).toEqual(before.map((one) => one.proxy));
    // Nothing is made anew that is there.
    expect(await undo(tried, before, LIMIT_MS)).toEqual([]);
    expect(await now()).toEqual(before.map((one) => one.proxy));
  });

  test('where nothing helps says what stays and why', async () => {
    const { before, ours, now } = await proxy(/^DELETE/);
    expect(await undo([ours], before, LIMIT_MS)).toMatchObject([
      { made: ours, why: expect.stringMatching(/no answer within 300 ms; nor by making the proxy anew/) },
      { made: { what: 'perhaps-removed' }, why: expect.stringMatching(/no answer within 300 ms/) },
    ]);
    expect((await now())[0]?.toxics.map(({ name }) => name)).toEqual([FOREIGN.name, OURS]);
  });

  test('of a proxy that was disabled by us enables it, and leaves one that its owner has removed', async () => {
    const { url, before, ours } = await proxy(/^never$/);
    await post(`${url}/proxies/a%20b`, { enabled: false });
    const disabled: Made = { ...ours, what: 'disabled', name: '' };
    const gone: Made = { ...ours, proxy: 'gone' };
    expect(await undo([ours, disabled, gone], before, LIMIT_MS)).toEqual([]);
    expect((await shownAt(url, 2_000))[0]).toMatchObject({ enabled: true, toxics: [FOREIGN] });
  });
});
