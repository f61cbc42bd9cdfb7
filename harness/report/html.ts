/** The run as one self-contained page: what held, what did not, and the evidence as pictures and numbers. */
import type { History } from '../model/history.ts';
import type { Judgement, Outcome } from '../model/verdict.ts';
import { renderChart } from './chart.ts';
import { headline, type ReportedScenario, type RunReport } from './results.ts';

const MARKS: Record<Outcome, string> = { holds: '✓', fails: '✗', inconclusive: '?' };

const LEGEND = [
  ['s-live', 'live'],
  ['s-hash', 'hash'],
  ['s-memory', 'memory'],
  ['s-cached', 'cached'],
  ['s-default', 'default'],
  ['s-error', 'error'],
  ['s-timeout', 'timeout'],
  ['fault', 'fault on the link'],
  ['b-closed', 'breaker closed'],
  ['b-half-open', 'half-open'],
  ['b-open', 'open'],
] as const;

/** Renders the page. `histories` are by scenario name. */
export function renderHtml(report: RunReport, histories: ReadonlyMap<string, History>): string {
  const counts = (outcome: Outcome): number =>
    report.scenarios.filter((scenario) => scenario.outcome === outcome).length;
  const [held, failed, unclear] = [counts('holds'), counts('fails'), counts('inconclusive')];
  const { skipped = [] } = report;
  const mutant = report.mutant === null ? '' : ` · mutant <b>${escapeHtml(report.mutant)}</b>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tripcurve ${escapeHtml(report.run)}: ${held} held, ${failed} failed</title>
<style>${STYLE}</style>
</head>
<body>
<header>
<h1>tripcurve <span class="dim">${escapeHtml(report.run)}</span></h1>
<p class="totals"><b class="holds">${held} held</b> <b class="fails">${failed} failed</b> <b class="inconclusive">${unclear} inconclusive</b>${report.failed.length > 0 ? ` <b class="fails">${report.failed.length} not run</b>` : ''}${skipped.length > 0 ? ` <b class="inconclusive">${skipped.length} skipped</b>` : ''}</p>
<p class="dim">seed ${report.seed} · ${escapeHtml(report.startedAt)} · ${(report.totalMs / 1000).toFixed(1)} s${mutant}</p>
</header>
<table class="index"><tbody>
${report.scenarios.map(indexRow).join('\n')}
${report.failed.map(({ name, why }) => `<tr><td class="fails">✗</td><td>${escapeHtml(name)}</td><td>not run: ${escapeHtml(why)}</td></tr>`).join('\n')}
${skipped.map(({ name, why }) => `<tr><td class="inconclusive">-</td><td>${escapeHtml(name)}</td><td>skipped: ${escapeHtml(why)}</td></tr>`).join('\n')}
</tbody></table>
<p class="legend">${LEGEND.map(([kind, text]) => `<span><svg viewBox="0 0 10 10"><rect class="${kind}" width="10" height="10"/></svg>${text}</span>`).join(' ')}</p>
${report.scenarios.map((scenario) => section(scenario, histories.get(scenario.name))).join('\n')}
</body>
</html>
`;
}

function indexRow(scenario: ReportedScenario): string {
  const { says, more } = headline(scenario);
  const rest = more > 0 ? ` <span class="dim">+${more} held</span>` : '';
  return `<tr><td class="${scenario.outcome}">${MARKS[scenario.outcome]}</td><td><a href="#${anchor(scenario.name)}">${escapeHtml(scenario.name)}</a></td><td>${escapeHtml(says.join('; '))}${rest}</td></tr>`;
}

function section(scenario: ReportedScenario, history: History | undefined): string {
  const about = history === undefined ? '' : `<p>${escapeHtml(history.header.scenario.about)}</p>`;
  const chart = history === undefined ? '' : renderChart(history);
  return `<section id="${anchor(scenario.name)}">
<h2><span class="${scenario.outcome}">${MARKS[scenario.outcome]}</span> ${escapeHtml(scenario.name)} <span class="dim">${(scenario.totalMs / 1000).toFixed(1)} s, environment up in ${scenario.bootMs} ms</span></h2>
${about}
${chart}
<table class="verdicts"><tbody>
${scenario.judgements.map(verdictRow).join('\n')}
</tbody></table>
<p class="dim">evidence: <a href="${escapeHtml(scenario.history)}">${escapeHtml(scenario.history)}</a></p>
</section>`;
}

function verdictRow({ check, part, verdict }: Judgement): string {
  const numbers = Object.entries(verdict.numbers)
    .map(([name, { value, unit }]) => `${name} ${value} ${unit}`)
    .join(' · ');
  const cites = verdict.cites.length === 0 ? '' : `events ${verdict.cites.join(', ')}`;
  return `<tr><td class="${verdict.outcome}">${MARKS[verdict.outcome]}</td><td>${escapeHtml(check)}<br><span class="dim">${escapeHtml(part)}</span></td><td>${escapeHtml(verdict.says)}<br><span class="dim">${escapeHtml(numbers)}</span></td><td class="dim cites">${cites}</td></tr>`;
}

function anchor(name: string): string {
  return name.replaceAll(/[^A-Za-z0-9]+/g, '-');
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;');
}

const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2026;--dim:#6a7280;--line:#e3e6ea;--good:#1a7f37;--bad:#c62828;--warn:#9a6700}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e4e7eb;--dim:#949ca8;--line:#2b3037;--good:#4cb963;--bad:#ff6b6b;--warn:#e3b341}}
body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;max-width:1080px;margin:0 auto;padding:24px}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:0 0 4px}p{margin:6px 0}a{color:inherit}
.dim{color:var(--dim);font-weight:400;fill:var(--dim)}.small{font-size:9px}.totals b{margin-right:12px}
.holds{color:var(--good)}.fails{color:var(--bad)}.inconclusive{color:var(--warn)}
table{border-collapse:collapse;width:100%;margin:12px 0}td{border-top:1px solid var(--line);padding:5px 10px 5px 0;vertical-align:top}
td:first-child{width:18px;font-weight:700}.index td:nth-child(2){white-space:nowrap}.verdicts td:nth-child(2){white-space:nowrap;width:170px}
.cites{font-size:11px;width:190px}.verdicts .dim{font-size:12px}
section{border-top:2px solid var(--line);padding:22px 0 8px;margin-top:22px}
section svg{width:100%;height:auto;margin-top:8px}.label{font-size:12px;fill:var(--fg)}.label.dim{font-size:10px;fill:var(--dim)}
.legend{font-size:12px;color:var(--dim)}.legend span{margin-right:12px;white-space:nowrap}.legend svg{width:10px;height:10px;margin-right:4px}
.window{fill:#c62828;opacity:.06}.fault{fill:#c62828;opacity:.22}.axis{stroke:var(--dim);stroke-width:.6}
.a-good{stroke:#2e9e57;stroke-width:1.2}.a-failed{stroke:#d32f2f;stroke-width:1.6}
.s-live{fill:#2e9e57}.s-hash{fill:#00838f}.s-memory{fill:#3f6fd1}.s-cached{fill:#8e5cc9}.s-default{fill:#e0a100}.s-error{fill:#d32f2f}.s-timeout{fill:#8c1d1d}.s-broken{fill:#ad1457}.s-dropped{fill:#757575}
.b-closed{fill:#2e9e57}.b-half-open{fill:#e0a100}.b-open{fill:#d32f2f}
@media(max-width:700px){.cites{display:none}}
`.replaceAll('\n', '');
