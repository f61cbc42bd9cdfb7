/** `tripcurve export`: manifests for Kubernetes, on stdout, to be read before they are applied. */
import { Command, InvalidArgumentError, Option } from 'commander';
import { stringify } from 'yaml';
import { GUARD_MARGIN_S, indexedJob, PROJECT_DIR } from '../export/job.ts';
import { testRun } from '../export/test-run.ts';
import { loadConfig, loadScenarios } from '../scenario/load.ts';
import { newSeed } from '../scenario/run-id.ts';
import { selectScenarios } from '../scenario/select.ts';
import { SEED, SHARDS_MAX, TAG, wholeNumber } from './options.ts';

interface JobCommandOptions {
  shards: number;
  image: string;
  namespace?: string;
  tag?: string[];
  seed?: number;
  name?: string;
  deadline: number;
  claim?: string;
}

interface TestRunCommandOptions {
  runners: number;
  script: { configMap: string; file: string };
  url: string;
  image?: string;
  namespace?: string;
  seed?: number;
  name?: string;
}

const SHARDS_DEFAULT = 3;
const RUNNERS_DEFAULT = 2;
const SCRIPT_DEFAULT = 'tripcurve-load/load.js';

/** A label of RFC 1123. */
const LABEL_MAX = 63;
/** Of these, what a Job's index and a pod's suffix leave. */
const NAME_MAX = 52;
const DEADLINE_S_DEFAULT = 3_600;
const DEADLINE_S_MAX = 86_400;

export function exportCommand(): Command {
  return new Command('export')
    .description('write manifests for Kubernetes on stdout')
    .addCommand(jobCommand().exitOverride())
    .addCommand(testRunCommand().exitOverride());
}

function jobCommand(): Command {
  return new Command('job')
    .description('an Indexed Job that runs the shards, a pod for each')
    .option('--shards <n>', 'pods', wholeNumber(1, SHARDS_MAX), SHARDS_DEFAULT)
    .option('--image <image>', `image with the project in ${PROJECT_DIR}`, image, 'tripcurve:nightly')
    .option('--namespace <name>', 'namespace', label(LABEL_MAX))
    .option(...TAG)
    .option(...SEED)
    .option('--name <name>', 'name of the Job (default: tripcurve-<seed>)', label(NAME_MAX))
    .option(
      '--deadline <seconds>',
      `the cluster ends the Job after so long; each run ends itself ${GUARD_MARGIN_S} s earlier`,
      wholeNumber(2 * GUARD_MARGIN_S, DEADLINE_S_MAX),
      DEADLINE_S_DEFAULT,
    )
    .option(
      '--claim <name>',
      'volume claim (ReadWriteMany) for the reports (default: only logs)',
      label(LABEL_MAX),
    )
    .action(async (options: JobCommandOptions) => {
      const { tag: tags = [], seed = newSeed() } = options;
      const cwd = process.cwd();
      // Better a sentence here than one in the log of every pod.
      selectScenarios(await loadScenarios(cwd, [], await loadConfig(cwd)), { tags });
      write(
        indexedJob({
          ...options,
          name: options.name ?? `tripcurve-${seed}`,
          seed,
          tags,
          deadlineS: options.deadline,
        }),
      );
    });
}

function testRunCommand(): Command {
  return new Command('k6-operator')
    .description("the k6 operator's TestRun, for load beyond one machine")
    .requiredOption('--url <url>', "where the load goes; the script's TARGET_URL", url)
    .addOption(
      new Option('--script <map/file>', 'config map with the k6 script, and its key there')
        .argParser(scriptPlace)
        .default(scriptPlace(SCRIPT_DEFAULT), SCRIPT_DEFAULT),
    )
    .option(
      '--runners <n>',
      'pods among which k6 splits the load',
      wholeNumber(1, SHARDS_MAX),
      RUNNERS_DEFAULT,
    )
    .option('--image <image>', "k6's image (default: the operator's)", image)
    .option('--namespace <name>', 'namespace', label(LABEL_MAX))
    .option(...SEED)
    .option('--name <name>', 'name of the TestRun (default: tripcurve-<seed>)', label(NAME_MAX))
    .action((options: TestRunCommandOptions) => {
      const { seed = newSeed() } = options;
      write(testRun({ ...options, name: options.name ?? `tripcurve-${seed}`, seed }));
    });
}

/** No anchors: what is the same in two places is written twice, as people expect of manifests. */
function write(manifest: object): void {
  process.stdout.write(stringify(manifest, { aliasDuplicateObjects: false, lineWidth: 0 }));
}

function label(max: number): (text: string) => string {
  return (text) => {
    if (text.length > max || !/^[a-z]([a-z0-9-]*[a-z0-9])?$/.test(text))
      throw new InvalidArgumentError(
        `It must begin with a letter and hold only a-z, 0-9 and inner hyphens, ${max} at most.`,
      );
    return text;
  };
}

function image(text: string): string {
  if (!/^[a-z0-9][A-Za-z0-9._:/@-]*$/.test(text))
    throw new InvalidArgumentError('It must be an image reference.');
  return text;
}

function url(text: string): string {
  if (!/^https?:$/.test(URL.parse(text)?.protocol ?? ''))
    throw new InvalidArgumentError('It must be an http or https URL.');
  return text;
}

function scriptPlace(text: string): TestRunCommandOptions['script'] {
  const [, configMap, file] = /^([a-z0-9][a-z0-9.-]*)\/([A-Za-z0-9._-]+)$/.exec(text) ?? [];
  if (configMap === undefined || file === undefined)
    throw new InvalidArgumentError('It must be the name of a config map, /, and the name of a file.');
  return { configMap, file };
}
