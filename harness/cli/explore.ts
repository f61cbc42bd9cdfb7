/** `tripcurve explore`: runs fault schedules drawn at random, and makes a scenario file of what breaks an invariant. */
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { linksIn, parallelIn } from '../environment/environment.ts';
import { draw, type Space, spaceOf } from '../explore/draw.ts';
import { type Explored, explore, type Finding, type Ran, type RunSchedule } from '../explore/explore.ts';
import { nameOf, type Tally } from '../explore/findings.ts';
import { invariantsOf } from '../explore/invariants.ts';
import { scheduleText, sizeText } from '../explore/text.ts';
import { fileFor, scenarioText } from '../explore/written.ts';
import { withProfile } from '../model/config.ts';
import { EXIT, type ExitCode } from '../model/verdict.ts';
import { readDeclaredPolicy } from '../scenario/declared.ts';
import { checkScenario, known, loadConfig } from '../scenario/load.ts';
import { mutantNames } from '../scenario/mutants.ts';
import { runScenario } from '../scenario/run.ts';
import { newRunId, newSeed } from '../scenario/run-id.ts';
import { LocalTurns } from '../scenario/turns.ts';
import { agreed } from './agreed.ts';
import { ENV, environmentOf, LIMIT, PARALLEL, PARALLEL_CAREFUL, SEED, wholeNumber, YES } from './options.ts';
import { stopOnSignal } from './run.ts';

const RUNS_DEFAULT = 30;
const RUNS_MAX = 100_000;
const SHRINK_DEFAULT = 40;
const SHRINK_MAX = 10_000;

interface Options {
  runs: number;
  seed?: number;
  parallel: number;
  shrink: number;
  untilFound?: boolean;
  profile: string;
  mutant?: string;
  limit?: number;
  env: string;
  yes?: boolean;
  dryRun?: boolean;
  out?: string;
}

export function exploreCommand(): Command {
  return new Command('explore')
    .description(
      'run fault schedules drawn at random; make the smallest scenario of what breaks an invariant',
    )
    .option('--runs <n>', 'schedules to draw', wholeNumber(1, RUNS_MAX), RUNS_DEFAULT)
    .option(...SEED)
    .option('--parallel <n>', 'schedules at a time', PARALLEL[2], PARALLEL_CAREFUL)
    .option(
      '--shrink <n>',
      'runs for making one finding smaller, at most',
      wholeNumber(0, SHRINK_MAX),
      SHRINK_DEFAULT,
    )
    .option('--until-found', 'draw no more once a schedule has broken an invariant')
    .option('--profile <name>', 'profile of the target', 'fast')
    .option('--mutant <name>', 'run against the target with one named defect')
    .option(...LIMIT)
    .addOption(ENV())
    .option(...YES)
    .option('--dry-run', 'print the schedules, and run none')
    .option('--out <folder>', 'where findings and histories go (default: reports/<run>)')
    .action(async (options: Options) => {
      process.exitCode = await exploreAndTell(options);
    });
}

async function exploreAndTell(options: Options): Promise<ExitCode> {
  const { runs, seed = newSeed(), shrink, untilFound = false, profile, mutant = null, limit } = options;
  const cwd = process.cwd();
  const given = await loadConfig(cwd);
  known(profile, Object.keys(given.profiles), '--profile', 'profile');
  if (mutant !== null) known(mutant, mutantNames(given), '--mutant', 'mutant');
  const config = withProfile(given, profile);
  const environment = environmentOf(options.env);
  const links = linksIn(environment, config);
  await environment.check?.(config);
  await agreed(environment, config, options.yes ?? false);
  const run = newRunId();
  const runDir = path.resolve(cwd, options.out ?? path.join('reports', run));
  const about = { config: given, cwd, environment, profile, mutant, run, seed };

  const declared = await readDeclaredPolicy({ ...about, logDir: path.join(runDir, 'declared') });
  const space = spaceOf(config, profile, declared, invariantsOf(config, declared), (step) =>
    environment.cannot(step, links, config),
  );
  // A mistake in the bounds is told before anything is run.
  checkScenario(everything(space, seed), given, 'explore');
  if (options.dryRun === true) {
    for (let i = 1; i <= runs; i++) console.log(`${i}  ${scheduleText(draw(space, seed, i))}`);
    return EXIT.held;
  }
  console.log(
    `run ${run}: ${runs} schedules against ${config.target.name}${mutant === null ? '' : `, mutant ${mutant}`}, seed ${seed}`,
  );
  const stop = stopOnSignal(limit);
  const parallel = parallelIn(environment, config, options.parallel);
  const turns = new LocalTurns();
  await using ahead = environment.ahead?.(run);
  const runSchedule: RunSchedule = async (scenario, folder) => {
    const dir = path.join(runDir, folder);
    const file = `${folder}.scenario.yaml`;
    const { judgements } = await runScenario(
      { file, scenario: checkScenario(scenario, given, file) },
      {
        ...about,
        environment: ahead ?? environment,
        runDir: dir,
        links,
        load: 'embedded',
        turns,
        signal: stop.signal,
      },
    );
    // The history of what nothing came of would fill the disk of a long search.
    if (judgements.every(({ verdict }) => verdict.outcome !== 'fails'))
      await rm(dir, { recursive: true, force: true });
    return judgements;
  };
  const found: Finding[] = [];
  try {
    const explored = await explore(
      space,
      { runs, seed, parallel, untilFound, shrinkRuns: shrink, signal: stop.signal },
      runSchedule,
      {
        ran: (one) => console.log(ranLine(one)),
        shrinking: (broken, from, size) =>
          console.log(`\nmaking schedule ${from} smaller while it breaks ${nameOf(broken)}: ${size}`),
        found: (finding) => void found.push(finding),
      },
    );
    return await conclude(explored);
  } catch (error) {
    if (found.length > 0) await keep(found); // what was found before is not lost
    throw error;
  }

  async function keep(findings: readonly Finding[]): Promise<void> {
    await mkdir(runDir, { recursive: true });
    for (const finding of findings) {
      const file = path.join(runDir, fileFor(finding));
      await writeFile(file, scenarioText(finding, seed));
      console.log(findingText(finding, path.relative(cwd, file), mutant));
    }
  }

  async function conclude({ ran, findings, tally }: Explored): Promise<ExitCode> {
    await keep(findings);
    const file = path.join(runDir, 'explore.json');
    await mkdir(runDir, { recursive: true });
    await writeFile(
      file,
      `${JSON.stringify({ run, seed, mutant, profile, ran, findings, tally }, null, 2)}\n`,
    );
    console.log(`\n${tallyText(tally)}`);
    const unfit = ran.filter((one) => one.unfit !== null).length;
    console.log(
      `\n${ran.length} schedules, ${unfit} of them not judged; ${findings.length} invariants broken; seed ${seed}\nall of it: ${path.relative(cwd, file)}`,
    );
    if (findings.length > 0) return EXIT.failed;
    const never = tally.filter(({ tested }) => tested === 0);
    if (tally.length > 0 && never.length === 0) return EXIT.held;
    console.error(
      `tripcurve: never put to the test: ${never.map(nameOf).join(', ') || 'anything'}; draw more schedules (--runs), or see explore in the config`,
    );
    return EXIT.inconclusive;
  }
}

/** A scenario with all that may be asked, to check what the bounds say of checks. */
function everything({ invariants, kinds, ...space }: Space, seed: number): ReturnType<typeof draw> {
  const any = draw({ invariants, kinds, ...space }, seed, 1);
  const links = Object.keys(kinds);
  const each = invariants.faulted.flatMap((one) =>
    (one.link === undefined ? links : [one.link]).map((link) => ({ ...one, link })),
  );
  return { ...any, expect: [...invariants.always, ...each] };
}

function ranLine({ index, scenario, broken, unfit, tested }: Ran): string {
  const head = `${String(index).padStart(4)}  ${scheduleText(scenario)}`;
  if (unfit !== null) return `?${head}\n        not judged: ${unfit}`;
  if (broken.length === 0) return `✓${head}: ${tested.length} invariants held`;
  return [`✗${head}`, ...broken.map((one) => `        ${nameOf(one)}: ${one.says}`)].join('\n');
}

function findingText(finding: Finding, file: string, mutant: string | null): string {
  const { again, kept, shrinkRuns, isSmallest, scenario, says, schedules } = finding;
  const size =
    again.seen === 0
      ? again.of === 0
        ? 'as it was found'
        : `not seen again in ${again.of} repeats of schedule ${finding.from}`
      : `${isSmallest ? 'smallest' : 'so far'} after ${shrinkRuns} runs: ${sizeText(scenario)}; broke it in ${kept.seen} of ${kept.of} runs`;
  return [
    `\n✗ ${nameOf(finding)}, broken by schedule${schedules.length === 1 ? '' : 's'} ${schedules.join(', ')}: ${says}`,
    `  ${size}`,
    `  ${scheduleText(scenario)}`,
    `  npx tripcurve run ${file}${mutant === null ? '' : ` --mutant ${mutant}`}`,
  ].join('\n');
}

function tallyText(rows: readonly Tally[]): string {
  const width = Math.max(...rows.map((row) => nameOf(row).length), 'invariant'.length);
  const line = (name: string, ...cells: (string | number)[]): string =>
    [name.padEnd(width), ...cells.map((cell) => String(cell).padStart(7))].join(' ');
  return [
    line('invariant', 'asked', 'tested', 'broken'),
    ...rows.map((row) => line(nameOf(row), row.asked, row.tested, row.broken)),
  ].join('\n');
}
