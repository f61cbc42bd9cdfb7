/** `tripcurve save`: makes a scenario file of a rehearsal. */
import { access, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { Command } from 'commander';
import { readHistory } from '../history/file.ts';
import { UsageError } from '../model/errors.ts';
import { sourceOf, tightened } from '../rehearsal/source.ts';
import { REHEARSAL_DIR } from './up.ts';

const SUFFIX = '.scenario.ts';
const DEFINE = path.join(import.meta.dirname, '../scenario/define.ts');

export function saveCommand(): Command {
  return new Command('save')
    .description('make a scenario of a rehearsal')
    .argument('<run>', 'id of the rehearsal, or its folder')
    .argument('<file>', `file to write, ending in ${SUFFIX}`)
    .option('--force', 'replace a file that is there')
    .action(async (run: string, file: string, { force = false }: { force?: boolean }) => {
      if (!file.endsWith(SUFFIX)) throw new UsageError(`${file}: a scenario's file ends in ${SUFFIX}`);
      const there = await access(file).then(
        () => true,
        () => false,
      );
      if (there && !force) throw new UsageError(`${file}: is there already; --force replaces it`);
      const folder = run.includes(path.sep) ? run : path.join('reports', run);
      const { header } = await readHistory(path.join(folder, REHEARSAL_DIR, 'history.ndjson'));
      const inScenarios = path.relative('scenarios', file);
      const name = (inScenarios.startsWith('..') ? path.basename(file) : inScenarios)
        .slice(0, -SUFFIX.length)
        .replaceAll(path.sep, '/');
      const define = path.relative(path.dirname(path.resolve(file)), DEFINE).replaceAll(path.sep, '/');
      const from = define.startsWith('.') ? define : `./${define}`;
      await writeFile(file, sourceOf(tightened(header.scenario, name), from));
      console.log(`${file}: scenario ${name}; run it with tripcurve run ${file}`);
    });
}
