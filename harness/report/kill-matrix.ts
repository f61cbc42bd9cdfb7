/** The kill matrix: mutant × scenario × checker, as JSON and as one self-contained page. */
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Fate, Finding, KillMatrix, MutantRow, Trial } from '../model/kill-matrix.ts';

const MARKS: Record<Fate, string> = { caught: '✓', missed: '✗', unclear: '?' };
const FATES: readonly Fate[] = ['missed', 'unclear', 'caught'];

/** Writes kill-matrix.json and kill-matrix.html into the run's folder. */
export async function writeKillMatrix(runDir: string, matrix: KillMatrix): Promise<void> {
  await mkdir(runDir, { recursive: true });
  await writeFile(path.join(runDir, 'kill-matrix.json'), `${JSON.stringify(matrix, null, 2)}\n`);
  await writeFile(path.join(runDir, 'kill-matrix.html'), renderKillMatrix(matrix));
}

/** Renders the page: a row for each scenario that a mutant was put to, a column for each check that found something. */
export function renderKillMatrix(matrix: KillMatrix): string {
  const checks = [
    ...new Set(
      matrix.mutants.flatMap(({ trials, expected }) => [
        ...expected.map(({ check }) => check),
        ...trials.flatMap(({ findings }) => findings.map(({ check }) => check)),
      ]),
    ),
  ].sort();
  const totals = FATES.map((fate) => {
    const count = matrix.mutants.filter((mutant) => mutant.fate === fate).length;
    return `<b class="${fate}">${count} ${fate}</b>`;
  }).join(' ');
  const caught = matrix.mutants.filter(({ fate }) => fate === 'caught').length;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>kill matrix ${escapeHtml(matrix.run)}: ${caught} of ${matrix.mutants.length} caught</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Kill matrix <span class="dim">${escapeHtml(matrix.run)}</span></h1>
<p>${totals}</p>
<p class="dim">${matrix.mutants.length} mutants, a suite of ${matrix.scenarios} scenarios, seed ${matrix.seed} · ${escapeHtml(matrix.startedAt)} · ${(matrix.totalMs / 1000).toFixed(1)} s</p>
<p class="dim"><span class="cell named">●</span> what the mutant must be caught by <span class="cell other">○</span> failed besides <span class="cell busy">?</span> expected, on a machine too busy to judge by <span class="cell missing">–</span> expected, and not found</p>
<div class="scroll"><table>
<thead><tr><th>mutant</th><th>scenario</th>${checks.map((check) => `<th class="check"><span>${escapeHtml(check)}</span></th>`).join('')}<th>what was found</th></tr></thead>
<tbody>
${matrix.mutants.flatMap((mutant) => rowsOf(mutant, checks)).join('\n')}
</tbody>
</table></div>
</body>
</html>
`;
}

function rowsOf(mutant: MutantRow, checks: readonly string[]): string[] {
  const { name, origin, fate, trials } = mutant;
  // A survivor's other scenarios found nothing that concerns it.
  const told = trials.filter(({ findings }, i) => i === 0 || findings.length > 0);
  return told.map((trial, i) => {
    const head =
      i === 0
        ? `<td rowspan="${told.length}"><b class="${fate}">${MARKS[fate]}</b> ${escapeHtml(name)}<br><span class="dim">${escapeHtml(origin)}</span></td>`
        : '';
    const cells = checks.map((check) => `<td class="mark">${cell(mutant, trial, check)}</td>`).join('');
    return `<tr>${head}<td>${escapeHtml(trial.scenario)}</td>${cells}<td>${escapeHtml(sentence(mutant, trial))}</td></tr>`;
  });
}

function cell({ expected }: MutantRow, { scenario, findings }: Trial, check: string): string {
  const here = findings.filter((finding) => finding.check === check);
  const [finding] = here.toSorted((a, b) => weight(b) - weight(a));
  if (finding === undefined) {
    const isMissing = expected.some((one) => one.scenario === scenario && one.check === check);
    return isMissing ? '<span class="cell missing" title="expected">–</span>' : '';
  }
  const kind = !finding.isExpected ? 'other' : finding.isFailure ? 'named' : 'busy';
  const mark = { other: '○', named: '●', busy: '?' }[kind];
  return `<span class="cell ${kind}" title="${escapeHtml(finding.says)}">${mark}</span>`;
}

function weight({ isExpected, isFailure }: Finding): number {
  return (isExpected ? 2 : 0) + (isFailure ? 1 : 0);
}

function sentence({ expected }: MutantRow, { scenario, findings, totalMs }: Trial): string {
  const best = findings.toSorted((a, b) => weight(b) - weight(a))[0];
  const took = `(${(totalMs / 1000).toFixed(1)} s)`;
  if (best?.isExpected === true) return `${best.says} ${took}`;
  const wanted = expected.find((one) => one.scenario === scenario);
  const missed = wanted === undefined ? '' : `expected ${wanted.check}: /${wanted.says}/; `;
  return `${missed}${best === undefined ? 'nothing was found' : `instead ${best.check}: ${best.says}`} ${took}`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const STYLE = `
body { font: 13px/1.45 system-ui, sans-serif; margin: 24px; color: #1c2430; background: #fff; }
h1 { font-size: 20px; margin: 0 0 4px; }
p { margin: 4px 0; }
.dim { color: #6b7684; font-weight: normal; }
.caught { color: #18794e; } .missed { color: #c62a2f; } .unclear { color: #8f5d00; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; margin-top: 12px; }
td, th { border-bottom: 1px solid #e4e8ec; padding: 4px 8px; text-align: left; vertical-align: top; }
td:first-child { min-width: 260px; max-width: 340px; }
td:nth-last-child(1) { min-width: 340px; }
th { vertical-align: bottom; }
th.check { padding: 4px 2px; height: 170px; }
th.check span { writing-mode: vertical-rl; transform: rotate(180deg); font-weight: normal; white-space: nowrap; }
td.mark { text-align: center; padding: 4px 2px; border-left: 1px solid #f0f2f5; }
.cell { display: inline-block; min-width: 16px; text-align: center; border-radius: 3px; }
.named { background: #18794e; color: #fff; } .other { background: #e4e8ec; color: #4b5563; }
.busy { background: #ffe3a3; color: #5c3d00; } .missing { background: #fbd5d6; color: #8c1d22; }
@media (prefers-color-scheme: dark) {
  body { color: #dde3ea; background: #12161c; } .dim { color: #8b97a5; }
  td, th { border-color: #2a313a; } td.mark { border-color: #20262e; }
  .other { background: #2a313a; color: #b6c0cb; }
  .caught { color: #4cc38a; } .missed { color: #ff6369; } .unclear { color: #f1b23e; }
}
`;
