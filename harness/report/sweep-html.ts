/** A sweep as one self-contained page: the choice and its reason, the charts, the numbers. */
import type { SweepResult } from '../model/sweep.ts';
import { renderPareto } from './pareto.ts';
import { escapeXml } from './plot.ts';
import { POINTS_LEGEND, pointRows, verificationRows, verificationSays } from './sweep-text.ts';
import { renderTripCurve } from './trip-curve.ts';

export function renderSweepHtml(result: SweepResult): string {
  const { run, seed, startedAt, policy, assumed, traffic, outage, runs, recommended } = result;
  const says = verificationSays(result);
  const verified =
    says === null
      ? '<p class="dim">Simulated only; with <code>--verify</code> the recommended and two other points are run for real.</p>'
      : `<p>${escapeXml(says)}</p>${table(verificationRows(result))}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>tripcurve sweep ${escapeXml(run)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>Sweep <span class="dim">${escapeXml(run)}</span></h1>
<p class="dim">seed ${seed} · ${escapeXml(startedAt)}</p>
<p class="choice">${escapeXml(recommended.why)}</p>
<dl>
<dt>policy</dt><dd>${escapeXml(policy)}${assumed.map((text) => `<br><span class="dim">${escapeXml(text)}</span>`).join('')}</dd>
<dt>traffic</dt><dd>${traffic.ratePerSecond} requests/s, ${traffic.arrivals}; an answer takes ${traffic.serviceMs} ms</dd>
<dt>outage</dt><dd>${escapeXml(outage.name)}: ${escapeXml(outage.about)}; ${Number(outage.perDay.toPrecision(3))} a day; ${Number((outage.errorRatio * 100).toPrecision(2))} % of attempts fail otherwise</dd>
</dl>
<h2>Trip curve</h2>
<p class="dim">Median of ${runs} runs a point, and the band in which eight of ten lie. An arrow: below this share it does not trip within 100 s.</p>
${renderTripCurve(result)}
<h2>What each point costs</h2>
${renderPareto(result)}
<h2>Points</h2>
<p class="dim">${escapeXml(POINTS_LEGEND)}</p>
<div class="wide">${table(pointRows(result))}</div>
<h2>Simulated and measured</h2>
${verified}
</body>
</html>
`;
}

function table({ head, rows }: { head: readonly string[]; rows: readonly (readonly string[])[] }): string {
  const cells = (row: readonly string[], tag: 'th' | 'td'): string =>
    `<tr${row[0] === '>' ? ' class="chosen"' : ''}>${row.map((cell) => `<${tag}>${escapeXml(cell)}</${tag}>`).join('')}</tr>`;
  return `<table><thead>${cells(head, 'th')}</thead><tbody>${rows.map((row) => cells(row, 'td')).join('\n')}</tbody></table>`;
}

const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2026;--dim:#6a7280;--line:#e3e6ea;--good:#1a7f37}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e4e7eb;--dim:#949ca8;--line:#2b3037;--good:#4cb963}}
body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;max-width:1080px;margin:0 auto;padding:24px}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:28px 0 4px}p{margin:6px 0}.dim{color:var(--dim);font-weight:400}
.choice{border-left:4px solid var(--good);padding:6px 14px;margin:16px 0}
dl{display:grid;grid-template-columns:80px 1fr;gap:4px 12px}dt{color:var(--dim)}dd{margin:0}
svg{width:100%;max-width:900px;height:auto;border-radius:6px}.wide{overflow-x:auto}
table{border-collapse:collapse;font-size:13px;margin:10px 0}th{text-align:left;font-weight:600}
td,th{border-top:1px solid var(--line);padding:4px 14px 4px 0;white-space:nowrap}.chosen td{font-weight:700;color:var(--good)}
`.replaceAll('\n', '');
