/**
 * Undoes what a run has made on a foreign API, and only that: toxics of others stay, a proxy that was
 * disabled stays so. Where a real Toxiproxy's API hangs at it (#558), the proxy is made anew as it was,
 * with the toxics of others.
 */
import { EnvironmentError, messageOf } from '../model/errors.ts';
import { controlCall } from './control-call.ts';
import { type Found, isMadeBy, isSameMade, type Made, madeText, Shown } from './made.ts';

/** What could not be undone, and why. */
export interface Left {
  made: Made;
  why: string;
}

/**
 * Undoes all of it: one proxy beside the other, and on a proxy all at once.
 * @param found how the proxies were before
 * @param limitMs each call is given up after this; a proxy takes a few of them at worst
 */
export async function undo(made: readonly Made[], found: readonly Found[], limitMs: number): Promise<Left[]> {
  const byProxy = Map.groupBy(made, ({ url, proxy }) => proxyUrl(url, proxy));
  const left = await Promise.all(
    [...byProxy].map(([url, group]) => {
      const before = found.find((one) => proxyUrl(one.url, one.proxy.name) === url);
      return undoOn(url, group, before, limitMs);
    }),
  );
  return left.flat();
}

/** The API's URL of a proxy. */
export function proxyUrl(url: string, proxy: string): string {
  return `${url}/proxies/${encodeURIComponent(proxy)}`;
}

/** What an API shows. @throws EnvironmentError */
export async function shownAt(url: string, limitMs: number): Promise<Shown[]> {
  const doing = 'listing the proxies';
  const answer = await controlCall<Record<string, unknown>>(`${url}/proxies`, doing, { limitMs });
  try {
    return Object.values(answer ?? {}).map((proxy) => Shown.parse(proxy));
  } catch {
    throw new EnvironmentError(`${doing}: ${url} does not answer as a Toxiproxy does`);
  }
}

/**
 * What of a run an API still shows: everything that bears its name, and the proxies it disabled.
 * @param run null: of any run
 * @param made for what bears no name, and for a proxy that was to be taken away: it is missing
 */
export function remains(
  { url, dialect }: Pick<Found, 'url' | 'dialect'>,
  shown: readonly Shown[],
  run: string | null,
  made: readonly Made[],
): Made[] {
  const missing = made.filter(
    (one) => one.url === url && isRemoval(one) && !shown.some(({ name }) => name === one.proxy),
  );
  const there = shown.flatMap(({ name: proxy, enabled, toxics, faults = [] }) => {
    const at = { url, dialect, proxy };
    const named = (what: 'toxic' | 'fault', list: readonly { name: string }[]): Made[] =>
      list.filter(({ name }) => isMadeBy(run, name)).map(({ name }) => ({ ...at, what, name }));
    const disabled: Made = { ...at, what: 'disabled', name: '' };
    return [
      ...named('toxic', toxics),
      ...named('fault', faults),
      ...(!enabled && made.some((one) => isSameMade(one, disabled)) ? [disabled] : []),
    ];
  });
  return [...missing, ...there];
}

/** Whether it concerns the proxy's being there. */
function isRemoval({ what }: Made): boolean {
  return what === 'removed' || what === 'perhaps-removed';
}

/** Of what stays, removals that were not known before: until the proxies are there again they must not be forgotten. */
export function newRemovals(left: readonly Left[], known: readonly Made[]): Made[] {
  return left
    .map(({ made }) => made)
    .filter((one) => isRemoval(one) && !known.some((other) => isSameMade(one, other)));
}

async function undoOn(
  url: string,
  made: readonly Made[],
  before: Found | undefined,
  limitMs: number,
): Promise<Left[]> {
  const isToxiproxy = before?.dialect === 'toxiproxy';
  // Not even tried then: while a removal waits, the accept loop and soon every other call wait with it.
  const isStuck = ({ waitsMs = 0 }: Made): boolean => isToxiproxy && waitsMs > limitMs / 2;
  const tried = made.some(isStuck)
    ? made.map(() => ({ status: 'rejected' as const, reason: 'its removal would hang' }))
    : await Promise.allSettled(made.map((one) => undoOne(url, one, limitMs)));
  const left = made.flatMap((one, i) => {
    const result = tried[i];
    return result?.status === 'rejected' ? [{ made: one, why: messageOf(result.reason) }] : [];
  });
  if (left.length === 0 || !isToxiproxy) return left;
  const state: Remaking = { removal: made.some(({ what }) => what === 'removed') ? 'done' : 'none' };
  try {
    await remake(url, made, before.proxy, limitMs, state);
    return [];
  } catch (error) {
    const why = messageOf(error);
    // Nothing of ours is left on it, but it is not back either: that is what is to be undone now.
    if (state.removal === 'done') return [{ made: { ...at(before), what: 'removed', name: '' }, why }];
    const both = left
      .filter((one) => !isRemoval(one.made))
      .map((one) => ({ ...one, why: `${one.why}; nor by making the proxy anew: ${why}` }));
    // A call that was given up may be carried out when the API goes on: then the proxy is gone.
    return state.removal === 'none'
      ? both
      : [...both, { made: { ...at(before), what: 'perhaps-removed', name: '' }, why }];
  }
}

/** How far it came with taking the proxy away: `asked`, without an answer. */
interface Remaking {
  removal: 'none' | 'asked' | 'done';
}

function at({ url, dialect, proxy }: Found): Pick<Made, 'url' | 'dialect' | 'proxy'> {
  return { url, dialect, proxy: proxy.name };
}

async function undoOne(url: string, made: Made, limitMs: number): Promise<void> {
  const doing = `lifting ${madeText(made)}`;
  switch (made.what) {
    case 'removed':
      throw new EnvironmentError(doing); // only making it anew helps
    case 'perhaps-removed': {
      const there = await controlCall(url, doing, { limitMs, alsoFine: [404] });
      if (there === null) throw new EnvironmentError(`${doing}: it is gone`);
      return;
    }
    case 'disabled': {
      const call = { method: 'POST', body: { enabled: true }, limitMs } as const;
      await controlCall(url, doing, { ...call, alsoFine: [404] }); // 404: its owner has removed the proxy
      return;
    }
    case 'toxic':
    case 'fault':
    case 'shadow': {
      const call = { method: 'DELETE', limitMs, alsoFine: [404] } as const;
      await controlCall(`${url}/${made.what}s/${encodeURIComponent(made.name)}`, doing, call);
    }
  }
}

/** Makes a proxy anew as it is now, or, where it cannot be read any more, as it was found; less what is ours. */
async function remake(
  url: string,
  made: readonly Made[],
  before: Shown,
  limitMs: number,
  state: Remaking,
): Promise<void> {
  const doing = `making ${before.name} anew`;
  const now =
    state.removal === 'done'
      ? null
      : await controlCall<unknown>(url, doing, { limitMs }).then(
          (answer) => Shown.parse(answer),
          () => null,
        );
  const { name, listen, upstream, toxics } = now ?? before;
  // One that is just being taken away shows itself disabled.
  const isLeaving = made.some(({ what }) => what === 'perhaps-removed') && before.enabled;
  const enabled = isLeaving || made.some(({ what }) => what === 'disabled') || (now ?? before).enabled;
  const others = toxics.filter(
    (toxic) => !made.some((one) => one.what === 'toxic' && one.name === toxic.name),
  );
  if (state.removal === 'none') state.removal = 'asked';
  await controlCall(url, doing, { method: 'DELETE', limitMs, alsoFine: [404] });
  state.removal = 'done';
  // Disabled until the toxics of others are back: no connection must slip through without them.
  const body = { name, listen, upstream, enabled: enabled && others.length === 0 };
  await controlCall(new URL('/proxies', url).href, doing, { method: 'POST', body, limitMs });
  for (const toxic of others)
    await controlCall(`${url}/toxics`, doing, { method: 'POST', body: toxic, limitMs });
  if (enabled && others.length > 0)
    await controlCall(url, doing, { method: 'POST', body: { enabled: true }, limitMs });
}
