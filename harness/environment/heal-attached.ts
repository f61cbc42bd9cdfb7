/**
 * Lifts what attached runs have left: what their journals say, and whatever bears our name on the APIs of the
 * config. Then it looks: nothing of ours, every proxy up that was up, the target ready.
 */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import { parseAddress } from '../link/address.ts';
import { type Found, isMadeBy, isSameMade, type Made, madeText } from '../link/made.ts';
import { remains, shownAt, undo } from '../link/undo.ts';
import type { Config } from '../model/config.ts';
import { messageOf } from '../model/errors.ts';
import { isLoopback } from './allowed.ts';
import { answersReady, checkedAttach } from './attach.ts';
import { type Healing, isAlive, newHealing } from './healing.ts';
import { type Ledger, readJournals, removeJournal } from './journal.ts';

const CALL_LIMIT_MS = 5_000;
/** Lifting is tried with the first limit, and what stays once more with the second, ms. */
const LIFT_LIMITS_MS = [1_500, CALL_LIMIT_MS];
const DIAL_LIMIT_MS = 2_000;

type Api = Pick<Found, 'url' | 'dialect'>;

/**
 * @param run null: of any run but those that are going on
 * @param isAsked an API of the config that does not answer is a failure also where no journal names it
 * @throws UsageError where the config's section makes no sense or names a host that it does not allow
 */
export async function healAttached(
  cwd: string,
  config: Config | null,
  run: string | null,
  isAsked: boolean,
): Promise<Healing> {
  const healing = newHealing();
  const journals: { file: string; ledger: Ledger }[] = [];
  const busy: string[] = [];
  for (const journal of await readJournals(cwd)) {
    const { run: id, pid } = journal.ledger;
    if (run !== null && id !== run) continue;
    if (run === null && isRig(pid)) {
      busy.push(id);
      healing.notes.push(
        `run ${id} is going on (process ${pid}); it is lifted by Ctrl-C there, or by --run ${id}`,
      );
    } else journals.push(journal);
  }
  const ledgers = journals.map(({ ledger }) => ledger);
  const apis = new Map<string, Api>();
  for (const { found } of ledgers) for (const { url, dialect } of found) apis.set(url, { url, dialect });
  const readyUrls = new Set(ledgers.map(({ readyUrl }) => readyUrl));
  if (config?.attach !== undefined) {
    const { entry, toxiproxy, links } = checkedAttach(config);
    if (toxiproxy !== undefined) apis.set(toxiproxy.url, { url: toxiproxy.url, dialect: 'toxiproxy' });
    if (links !== undefined) apis.set(links.url, { url: links.url, dialect: 'links' });
    readyUrls.add(new URL(config.target.readyPath ?? '/', entry).href);
  }
  const isNeeded = (url: string): boolean =>
    isAsked ||
    ledgers.some(({ found, readyUrl }) => readyUrl === url || found.some((one) => one.url === url));
  const isTheirs = (name: string): boolean => busy.some((id) => isMadeBy(id, name));
  for (const api of apis.values()) {
    const why = isNeeded(api.url) ? null : await silence(api.url);
    if (why === null) await healApi(api, ledgers, run, isTheirs, healing);
    else healing.notes.push(`not looked at, and no journal says that anything is there: ${why}`);
  }
  for (const url of readyUrls)
    await answersReady(url).then(
      () => healing.verified.push(`the target is ready: ${url}`),
      (error: unknown) => (isNeeded(url) ? healing.left : healing.notes).push(messageOf(error)),
    );
  if (healing.left.length === 0) for (const { file } of journals) await removeJournal(file);
  return healing;
}

/** Why an API cannot be asked; null: it can. */
function silence(url: string): Promise<string | null> {
  return shownAt(url, CALL_LIMIT_MS).then(() => null, messageOf);
}

async function healApi(
  api: Api,
  ledgers: readonly Ledger[],
  run: string | null,
  isTheirs: (name: string) => boolean,
  { found, lifted, verified, notes, left }: Healing,
): Promise<void> {
  const isHere = ({ url }: { url: string }): boolean => url === api.url;
  const written = ledgers.flatMap(({ made }) => made.filter(isHere));
  const ours = (made: readonly Made[]): Made[] => made.filter(({ name }) => !isTheirs(name));
  try {
    // An API that hangs shows nothing; what is written can be undone all the same.
    const shown = await shownAt(api.url, CALL_LIMIT_MS).catch(() => []);
    const before = [
      ...ledgers.flatMap((ledger) => ledger.found.filter(isHere)),
      ...shown.map((proxy) => ({ ...api, proxy })),
    ];
    const seen = ours(remains(api, shown, run, written));
    let due = [...written, ...seen.filter((one) => !written.some((other) => isSameMade(one, other)))];
    found.push(...due.map(madeText));
    for (const limitMs of LIFT_LIMITS_MS) {
      const stays = (await undo(due, before, limitMs)).map(({ made }) => made);
      lifted.push(...due.filter((one) => !stays.some((other) => isSameMade(one, other))).map(madeText));
      due = stays;
      if (due.length === 0) break;
    }
    const now = await shownAt(api.url, CALL_LIMIT_MS);
    const still = [...due, ...ours(remains(api, now, run, written))];
    left.push(...new Set(still.map((made) => `${madeText(made)} is still there`)));
    if (still.length === 0) verified.push(`no fault of ours at ${api.url}`);
    for (const { proxy } of ledgers.flatMap((ledger) => ledger.found.filter(isHere)))
      if (!now.some(({ name }) => name === proxy.name))
        left.push(`${proxy.name} at ${api.url} was there before the run and is missing`);
    for (const proxy of now) {
      const where = `${proxy.name} at ${api.url}`;
      if (!proxy.enabled) notes.push(`${where} is disabled, by no run that is gone: it stays so`);
      else if (await listens(api.url, proxy.listen)) verified.push(`${where} is up, on ${proxy.listen}`);
      else left.push(`${where} is enabled, but ${proxy.listen} takes no connection`);
    }
  } catch (error) {
    left.push(messageOf(error));
  }
}

/** Dials where an address can be reached from here; elsewhere the API's word must do. */
async function listens(api: string, address: string): Promise<boolean> {
  const { host, port } = parseAddress(address);
  if (!isLoopback(api) || !isLoopback(`http://${address}`)) return true;
  const socket = net.connect({ host, port, timeout: DIAL_LIMIT_MS });
  return new Promise<boolean>((resolve) => {
    socket.once('connect', () => resolve(true));
    for (const event of ['error', 'timeout'] as const) socket.once(event, () => resolve(false));
  }).finally(() => socket.destroy());
}

/** Whether a rig's process is still there; its number may have gone to another by now. */
function isRig(pid: number): boolean {
  if (!isAlive(pid)) return false;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'latin1').includes('tripcurve');
  } catch {
    return true; // not Linux: better to leave it alone
  }
}
