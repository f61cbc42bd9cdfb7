/** How the page of a measured policy looks, by day and by night, wide and narrow. */
export const STYLE = `
:root{color-scheme:light dark;--bg:#fff;--fg:#1c2026;--dim:#5c6470;--line:#e0e3e8;--soft:#f5f6f8;--good:#1a7f37;--bad:#c62828;--warn:#8a5a00;--fallback:#6f42c1;--left:#0b65a8;--fault:#c62828;--held:#0b65a8;--open:#d9534f;--half:#d99a00}
@media(prefers-color-scheme:dark){:root{--bg:#14171b;--fg:#e4e7eb;--dim:#9aa3af;--line:#2f353d;--soft:#1b1f25;--good:#4cb963;--bad:#ff7b7b;--warn:#e3b341;--fallback:#b794f6;--left:#5eb1ef;--fault:#ff6b6b;--held:#5eb1ef;--open:#b3413d;--half:#9a6d00}}
*{box-sizing:border-box}
body{background:var(--bg);color:var(--fg);font:15px/1.5 system-ui,sans-serif;max-width:1200px;margin:0 auto;padding:24px}
h1{font-size:24px;margin:0}h2{font-size:18px;margin:32px 0 6px}p{margin:6px 0}a{color:inherit}
.dim{color:var(--dim);font-weight:400}.drift{color:var(--bad);font-weight:700}.same{color:var(--good)}.unknown{color:var(--warn)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%;margin:8px 0;font-size:14px}
th{text-align:left;font-weight:600;color:var(--dim);font-size:13px}td,th{border-top:1px solid var(--line);padding:5px 14px 5px 0;vertical-align:top}
tr.drifted td{background:color-mix(in srgb,var(--bad) 10%,transparent)}tr.drifted td:first-child{border-left:3px solid var(--bad);padding-left:8px}
code,.name{font-family:ui-monospace,monospace;font-size:13px;white-space:nowrap}
.row{border-top:1px solid var(--line)}.row>summary{cursor:pointer;padding:6px 0 6px 20px;display:grid;gap:0 14px;align-items:baseline;list-style:none;position:relative}
.row>summary::-webkit-details-marker{display:none}.row>summary::before{content:"▸";position:absolute;left:2px;top:6px;color:var(--dim)}.row[open]>summary::before{content:"▾"}
.row>summary:hover{background:var(--soft)}.row>summary:focus-visible{outline:2px solid var(--left);outline-offset:-2px}
.values .row>summary,.values .head{grid-template-columns:205px minmax(90px,170px) minmax(90px,170px) 46px 1fr}
.matrix .row>summary,.matrix .head{grid-template-columns:205px 76px 70px 70px 1fr}
.experiments .row>summary{grid-template-columns:205px 70px 1fr}
.head{display:grid;gap:0 14px;padding-left:20px;color:var(--dim);font-size:13px;font-weight:600}
.row b{font-weight:600}.row .how{color:var(--dim);font-size:14px}.row .name{overflow-wrap:anywhere}.compared td:not(:last-child){white-space:nowrap}.compared td:last-child{min-width:280px}
.body{padding:2px 0 14px 20px}.chart{overflow-x:auto;background:var(--soft);border-radius:6px;padding:8px 10px;margin:6px 0}
.chart svg{width:100%;min-width:820px;height:auto;display:block}
.defs{position:absolute;width:0;height:0;overflow:hidden}
.legend{display:flex;flex-wrap:wrap;gap:4px 18px;font-size:13px;color:var(--dim);margin:8px 0}.legend span{white-space:nowrap}.legend svg{width:14px;height:14px;vertical-align:-2px;margin-right:5px}
.badge{font-size:12px;border:1px solid currentColor;border-radius:9px;padding:0 7px;margin-left:6px;white-space:nowrap}
.w-small{font-size:10px;fill:var(--dim);font-family:system-ui,sans-serif}.w-name{font-size:12px;fill:var(--fg);font-family:system-ui,sans-serif}.w-length{fill:var(--fg)}
.w-faulty{fill:var(--fg)}.w-fault-bad{fill:var(--fault);opacity:.16}.w-fault-held{fill:var(--held);opacity:.16}
.w-base{stroke:var(--line)}.w-tick{stroke:var(--dim);stroke-width:.8}.w-gap{stroke:var(--dim);stroke-width:.8;stroke-dasharray:2 2}
.w-bar{stroke-width:2;opacity:.75}
.w-good line{stroke:var(--good)}.w-good path{fill:var(--good)}
.w-fallback line{stroke:var(--fallback)}.w-fallback path{fill:var(--fallback)}
.w-bad line{stroke:var(--bad)}.w-bad path{stroke:var(--bad);stroke-width:2;fill:none}
.w-left line{stroke:var(--left)}.w-left path{fill:var(--left)}
.w-broken line{stroke:var(--warn)}.w-broken path{stroke:var(--warn);stroke-width:1.8;fill:none}
.w-closed{fill:var(--good);opacity:.35}.w-half-open{fill:var(--half)}.w-open{fill:var(--open)}.w-on-strip{fill:#fff;font-weight:600}
.w-cut rect{fill:var(--line)}.w-cut text{font-size:10px;fill:var(--dim);font-family:system-ui,sans-serif}
@media(max-width:760px){body{padding:14px}.head{display:none}
.row>summary,.values .row>summary,.matrix .row>summary,.experiments .row>summary{display:flex;flex-wrap:wrap;gap:0 18px}
.row>summary>.name,.row>summary>.how{flex-basis:100%;white-space:normal}.body{padding-left:0}.wide table{min-width:700px}
.row>summary [data-label]:not(:empty)::before{content:attr(data-label) " ";color:var(--dim);font-weight:400;font-size:12px}}
`.replaceAll('\n', '');
