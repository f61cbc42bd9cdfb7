/**
 * A measured policy as one self-contained page: each value with what passed the wire behind it, what is unknown and
 * why, and, where something was declared, both side by side.
 */
import { type Finding, type MeasuredPolicy, QUANTITIES, type QuantityName } from '../model/measured.ts';
import type { WireRecord } from '../model/wire.ts';
import type { Row } from '../policy/validate.ts';
import { escapeXml, f } from './plot.ts';
import { STYLE } from './policy-style.ts';
import { errorText, headOf, rowOf, valueText } from './policy-text.ts';
import { MARKS, type Mark, ms } from './wire-chart.ts';
import { Figures, NOTHING_SENT } from './wire-figures.ts';

/** What was laid beside the measurement: a declaration or a lock file. */
export interface Comparison {
  heading: string;
  rows: readonly Row[];
}

export interface PolicyPage {
  policy: MeasuredPolicy;
  /** Null: it was measured before, and what was seen then was not kept. */
  wire: WireRecord | null;
  comparisons?: readonly Comparison[];
}

const NO_RECORD = 'no chart: what was seen when it was measured is not at hand';
const MATRIX = 'failure matrix';

export function renderPolicyHtml({ policy, wire, comparisons = [] }: PolicyPage): string {
  const { findings, target, link, measuredAt, matrix, calibration } = policy;
  const charts = new Figures(wire?.chapters ?? [], findings);
  const names = Object.keys(QUANTITIES) as QuantityName[];
  const known = names.filter((name) => findings[name]?.known === true);
  const unknown = names.filter((name) => findings[name]?.known !== true);
  const drifted = comparisons.flatMap(({ rows }) => rows).filter(({ outcome }) => outcome === 'drift');
  const declared = new Map(comparisons.flatMap(({ rows }) => rows).map((row) => [row.name, row]));
  const values = known.map((name) =>
    valueRow(name, findings[name], declared.get(name), evidenceOf(name, findings[name], wire, charts)),
  );
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeXml(`${target}, link ${link}: ${drifted.length > 0 ? `${drifted.length} drifted` : `${known.length} values measured`}`)}</title>
<style>${STYLE}</style>
</head>
<body>
<svg class="defs" aria-hidden="true">${charts.symbols()}</svg>
<header>
<h1>${escapeXml(target)} <span class="dim">link ${escapeXml(link)}</span></h1>
<p>${escapeXml(headOf(policy))}</p>
<p class="dim">${escapeXml(measuredAt)} · ${escapeXml(errorText(calibration))}</p>
</header>
${comparisons.map(comparisonSection).join('\n')}
<h2>Measured</h2>
<p class="dim">Open a row for what passed the wire: calls at the entry, attempts on the link, what was armed there.</p>
${legend()}
<div class="values"><div class="head"><span>what</span><span>value</span><span>between</span><span>seen</span><span>how</span></div>
${values.join('\n')}</div>
<h2>Unknown</h2>
<div class="wide"><table><thead><tr><th>what</th><th>meaning</th><th>why it cannot be told</th></tr></thead><tbody>
${unknown.map((name) => `<tr><td class="name">${escapeXml(name)}</td><td class="dim">${escapeXml(QUANTITIES[name][1])}</td><td>${escapeXml(whyOf(findings[name]))}</td></tr>`).join('\n')}
</tbody></table></div>
<h2>Failure matrix</h2>
<div class="matrix"><div class="head"><span>failure</span><span>attempts</span><span>retried</span><span>counts</span><span>the caller gets</span></div>
${Object.entries(matrix)
  .map(([shape, row]) => matrixRow(shape, row, wire === null ? NO_RECORD : charts.show(MATRIX, shape)))
  .join('\n')}</div>
<h2>Calibration</h2>
<p>${escapeXml(errorText(calibration))}. Nothing finer is claimed.</p>
<div class="experiments">${calibration === null ? '' : details('calibration', ['<span></span>', '<span class="how">a client of known schedule calls the link itself</span>'], wire === null ? NO_RECORD : charts.show('calibration'))}</div>
<h2>Experiments</h2>
<div class="experiments">
${policy.experiments.map(({ name, tookMs, says }) => details(name, [`<span>${ms(tookMs)}</span>`, `<span class="how">${escapeXml(says)}</span>`], wire === null ? NO_RECORD : charts.show(name))).join('\n')}</div>
</body>
</html>
`;
}

function evidenceOf(
  name: QuantityName,
  finding: Finding | undefined,
  wire: WireRecord | null,
  charts: Figures,
): string {
  if (wire === null) return NO_RECORD;
  const experiments = wire.behind[name] ?? [];
  const text = finding?.known === true ? finding.experiment : '';
  const shown = experiments
    .flatMap((experiment) =>
      charts.partsNamedIn(experiment, text).map((part) => charts.show(experiment, part)),
    )
    .filter((one) => one !== NOTHING_SENT);
  return shown.length === 0 ? NOTHING_SENT : shown.join('');
}

function valueRow(
  name: QuantityName,
  finding: Finding | undefined,
  declared: Row | undefined,
  evidence: string,
): string {
  const [, value = '', between = '', seen = '', how = ''] = rowOf(name, finding);
  const badge =
    declared?.outcome === 'drift'
      ? ` <span class="badge drift">declared ${escapeXml(valueText(declared.declared, QUANTITIES[name][0]))}</span>`
      : '';
  return details(
    name,
    [
      `<b>${escapeXml(value)}${badge}</b>`,
      `<span data-label="between">${escapeXml(between)}</span>`,
      `<span data-label="seen">${escapeXml(seen)}</span>`,
      `<span class="how">${escapeXml(how)}</span>`,
    ],
    `<p class="dim">${escapeXml(QUANTITIES[name][1])}</p>${evidence}`,
    ` id="${idOf(name)}"`,
  );
}

function matrixRow(shape: string, row: MeasuredPolicy['matrix'][string], evidence: string): string {
  const yes = (value: boolean | null): string => (value === null ? '?' : value ? 'yes' : 'no');
  const got = [row.caller, row.status].filter((one) => one !== null).join(' ');
  const why = row.why === undefined ? '' : ` <span class="dim">${escapeXml(row.why)}</span>`;
  return details(
    shape,
    [
      `<span data-label="attempts">${row.attempts ?? '?'}</span>`,
      `<span data-label="retried">${yes(row.retried)}</span>`,
      `<span data-label="counts">${yes(row.counts)}</span>`,
      `<span data-label="caller gets">${escapeXml(got)}${why}</span>`,
    ],
    evidence,
  );
}

/** A line that opens; cells and body are HTML, the name is not. */
function details(name: string, cells: readonly string[], body: string, attributes = ''): string {
  const inner = body.startsWith('<') ? body : `<p class="dim">${escapeXml(body)}</p>`;
  return `<details class="row"${attributes}><summary><span class="name">${escapeXml(name)}</span>${cells.join('')}</summary><div class="body">${inner}</div></details>`;
}

function comparisonSection({ heading, rows }: Comparison): string {
  const count = (outcome: Row['outcome']): number => rows.filter((row) => row.outcome === outcome).length;
  const words = { same: 'same', drift: 'DRIFT', unknown: '?' } as const;
  const cells = rows.map(({ name, declared, measured, outcome }) => {
    const [, value = '', between = '', seen = '', how = ''] = rowOf(name, measured);
    const shown = measured.known ? `<a href="#${idOf(name)}">${escapeXml(name)}</a>` : escapeXml(name);
    return `<tr${outcome === 'drift' ? ' class="drifted"' : ''}><td class="${outcome}">${words[outcome]}</td><td class="name">${shown}</td><td>${escapeXml(valueText(declared, QUANTITIES[name][0]))}</td><td>${escapeXml(value)}</td><td>${escapeXml(between)}</td><td>${escapeXml(seen)}</td><td class="dim">${escapeXml(how)}</td></tr>`;
  });
  return `<h2>${escapeXml(heading)}</h2>
<p><b class="same">${count('same')} the same</b>, <b class="${count('drift') > 0 ? 'drift' : 'dim'}">${count('drift')} drifted</b>, <b class="unknown">${count('unknown')} could not be told</b></p>
<div class="wide"><table class="compared"><thead><tr><th></th><th>what</th><th>declared</th><th>measured</th><th>between</th><th>seen</th><th>how</th></tr></thead><tbody>
${cells.join('\n')}
</tbody></table></div>`;
}

function legend(): string {
  const marks = (Object.entries(MARKS) as [Mark, (typeof MARKS)[Mark]][]).map(
    ([mark, [path, means]]) =>
      `<span><svg viewBox="-7 -7 14 14"><g class="w-${mark}"><path d="${path}"/></g></svg>${means}</span>`,
  );
  const boxes = [
    ['w-fault-bad', 'a failure is armed'],
    ['w-fault-held', 'answers are held'],
    ['w-closed', 'breaker closed, as the wire shows it'],
    ['w-half-open', 'half-open'],
    ['w-open', 'open'],
  ].map(
    ([kind, means]) =>
      `<span><svg viewBox="0 0 14 14"><rect class="${kind}" y="${f(2)}" width="14" height="10"/></svg>${means}</span>`,
  );
  return `<div class="legend">${[...marks, ...boxes].join('')}</div>`;
}

function idOf(name: QuantityName): string {
  return `value-${name.replaceAll('.', '-')}`;
}

function whyOf(finding: Finding | undefined): string {
  return finding === undefined || finding.known ? 'not measured' : finding.why;
}
