/** `tripcurve init`: from nothing to a config and a first scenario for somebody's own service. */
import { access, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { freePort } from '../environment/free-port.ts';
import { UsageError } from '../model/errors.ts';
import { EXIT, type ExitCode } from '../model/verdict.ts';
import { configFileIn, known, loadConfig } from '../scenario/load.ts';
import { newSeed } from '../scenario/run-id.ts';
import {
  breakerAnswer,
  commandAnswer,
  linkAnswer,
  requestAnswer,
  servedAnswer,
  urlAnswer,
  variableAnswer,
} from './init-answers.ts';
import { askFor, type Told } from './init-ask.ts';
import { type Answers, configText, type Listening, linksText, scenarioText } from './init-files.ts';
import { tryAndTell } from './try.ts';

const CONFIG_FILE = 'tripcurve.config.yaml';
const LINKS_FILE = 'tripcurve.links.json';
const PORT = '{{port}}';

const again = (text: string, earlier: string[]): string[] => [...earlier, text];

interface Options extends Told {
  yes?: boolean;
  force?: boolean;
  try: boolean;
}

export function initCommand(): Command {
  return new Command('init')
    .description('write a config and a first scenario for a service of your own; asks for what is not told')
    .option('--name <name>', 'what the service is called (default: the folder)')
    .option('--start <command>', 'how it is started, such as "python3 app.py"; may hold {{port}}')
    .option('--url <url>', 'where it takes requests; without --start: where it runs already')
    .option('--ready <path>', 'answers 200 when it is ready (default: it is when it answers anything on /)')
    .option(
      '--link <name=address>',
      'a dependency: host:port[:http|postgres|tcp], a URL, or stub and the JSON it answers; again for more',
      again,
      [],
    )
    .option(
      '--variable <NAME=text>',
      'a variable for the service; text may hold {{link.NAME.url}}, .host, .port, {{port}}, {{env.NAME}} (default: NAME_URL for each link, PORT); again for more',
      again,
      [],
    )
    .option('--request <[name=]METHOD /path [JSON]>', 'a request to send; again for more', again, [])
    .option(
      '--served <where>',
      'how an answer says from where it comes: header:NAME, json:PATH or status:CODE=WAY',
    )
    .option('--way <word=way>', 'what such a word stands for, such as MISS=live; again for more', again, [])
    .option(
      '--breaker <link=where>',
      'where a breaker tells its state: LINK=actuator[:NAME], "LINK=json /path FIELD", "LINK=gauge /path METRIC"; again for more',
      again,
      [],
    )
    .option('--yes', 'ask nothing')
    .option('--force', 'replace files that are there')
    .option('--no-try', 'do not start the service to see whether the links are used')
    .action(async (options: Options) => {
      process.exitCode = await init(options);
    });
}

async function init({ yes = false, force = false, try: tries, ...options }: Options): Promise<ExitCode> {
  const cwd = process.cwd();
  await mustBeNew(cwd, force);
  const isAsked = !yes && process.stdin.isTTY === true;
  const told = isAsked ? await askFor(options, process.stdin, process.stdout) : options;
  const answers = answersOf(told, path.basename(cwd));
  const runs = answers.start === undefined;
  const listening = runs ? await listeningFor(answers) : null;
  const [link] = answers.links;
  if (link === undefined) throw new UsageError('--link: at least one dependency is needed');
  const files: Record<string, string> = {
    [CONFIG_FILE]: configText(answers, listening),
    [path.join('scenarios', `${link.name}-reset.scenario.yaml`)]: scenarioText(
      link.name,
      Object.keys(answers.requests),
      link.link.protocol,
    ),
    ...(listening === null ? {} : { [LINKS_FILE]: linksText(answers, listening) }),
  };
  for (const file of Object.keys(files)) await mayBeWritten(cwd, file, force);
  for (const [file, text] of Object.entries(files)) {
    await mkdir(path.dirname(path.join(cwd, file)), { recursive: true });
    await writeFile(path.join(cwd, file), text, { flag: force ? 'w' : 'wx' });
    console.log(`wrote ${file}`);
  }
  const config = await loadConfig(cwd); // what was written must be good, whatever was answered
  if (listening !== null) {
    console.log(
      `start the links:           tripcurve proxy --port ${new URL(listening.api).port} --config ${LINKS_FILE}`,
    );
    for (const { name, variable } of answers.links)
      console.log(
        `let the service use them:  ${variable} at ${listening.listen[name]} instead of its address now`,
      );
    console.log('then:                      tripcurve try --env attach, and tripcurve run --env attach');
    return EXIT.held;
  }
  if (!tries) {
    console.log('then: tripcurve try, and tripcurve run');
    return EXIT.held;
  }
  const code = await tryAndTell(config, { cwd, env: 'embedded', profile: 'fast', seed: newSeed() });
  console.log(
    code === EXIT.held
      ? 'then: tripcurve run'
      : 'put that right, look again with tripcurve try, then: tripcurve run',
  );
  return code;
}

/** Makes the answers of what was told. @throws UsageError for whatever is missing or wrong */
export function answersOf(told: Told, folder: string): Answers {
  const missing = [
    ...(told.start === undefined && told.url === undefined ? ['--start "COMMAND" or --url URL'] : []),
    ...(told.link.length === 0 ? ['--link NAME=HOST:PORT (or NAME=stub)'] : []),
    ...(told.request.length === 0 ? ['--request "GET /path"'] : []),
  ];
  if (missing.length > 0) throw new UsageError(`init needs ${missing.join(', and ')}`);
  const links = told.link.map((text) => linkAnswer(text));
  const names = links.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) throw new UsageError(`--link: ${twice} is told twice`);
  const runs = told.start === undefined;
  const stub = links.find(({ address }) => address === null);
  if (runs && stub !== undefined)
    throw new UsageError(
      `--link ${stub.name}=stub: a service that runs already has its dependency; say its address`,
    );
  const secret = links.find(({ link }) => 'tls' in link.dependency);
  if (runs && secret !== undefined)
    throw new UsageError(
      `--link ${secret.name}: tripcurve proxy speaks no TLS to a dependency, so for https give --start instead of --url`,
    );
  const given = Object.fromEntries(told.variable.map((text) => variableAnswer(text)));
  const entry = entryOf(told);
  const breakers = told.breaker.map((text) => breakerAnswer(text));
  for (const [name] of breakers) known(name, names, '--breaker', 'link');
  const requests: Answers['requests'] = {};
  for (const [name, request] of told.request.map((text) => requestAnswer(text))) {
    if (requests[name] !== undefined)
      throw new UsageError(`--request: ${name} is told twice; name one, such as other=GET /path`);
    requests[name] = { ...request, needs: names };
  }
  if (told.ready !== undefined && !told.ready.startsWith('/'))
    throw new UsageError(`--ready: "${told.ready}" must be a path such as /healthz`);
  if (told.way.length > 0 && told.served === undefined) throw new UsageError('--way needs --served');
  return {
    name: told.name ?? folder,
    ...(told.start === undefined ? {} : { start: commandAnswer(told.start) }),
    entry,
    readyPath: told.ready,
    links,
    variables: runs
      ? given
      : variablesFor(links, given, entry.includes(PORT) && !`${told.start}`.includes(PORT)),
    requests,
    served: told.served === undefined ? undefined : servedAnswer(told.served, told.way),
    breakers: Object.fromEntries(breakers),
  };
}

function entryOf({ start, url = `http://127.0.0.1:${PORT}` }: Told): string {
  const entry = urlAnswer(url);
  if (start === undefined && entry.includes(PORT))
    throw new UsageError(
      '--url: {{port}} is for a service that is started; say where yours runs, or give --start',
    );
  return entry;
}

/** The variables that lead the service to its links and its port, less those that were told. */
function variablesFor(
  links: Answers['links'],
  given: Readonly<Record<string, string>>,
  needsPort: boolean,
): Record<string, string> {
  const texts = Object.values(given).join(' ');
  const own: Record<string, string> = needsPort && !texts.includes(PORT) ? { PORT } : {};
  for (const { name, variable, template } of links) {
    if (texts.includes(`link.${name}.`)) continue;
    if (template === null)
      throw new UsageError(
        `--link ${name}: say which variable leads the service there, such as --variable '${variable}=redis://{{link.${name}.host}}:{{link.${name}.port}}', or give its URL to --link`,
      );
    own[variable] = template;
  }
  return { ...own, ...given };
}

async function listeningFor({ links }: Answers): Promise<Listening> {
  const ports: number[] = [];
  for (const _one of [null, ...links]) ports.push(await freePort());
  const [api = 0, ...rest] = ports;
  const listen = Object.fromEntries(links.map(({ name }, i) => [name, `127.0.0.1:${rest[i]}`]));
  return { api: `http://127.0.0.1:${api}`, listen };
}

async function mustBeNew(cwd: string, force: boolean): Promise<void> {
  const file = await configFileIn(cwd);
  if (file === null || (force && file === CONFIG_FILE)) return;
  const what = file === CONFIG_FILE ? '--force replaces it' : 'remove it first';
  throw new UsageError(`${file}: is there already; ${what}`);
}

async function mayBeWritten(cwd: string, file: string, force: boolean): Promise<void> {
  const isThere = await access(path.join(cwd, file)).then(
    () => true,
    () => false,
  );
  if (isThere && !force) throw new UsageError(`${file}: is there already; --force replaces it`);
}
