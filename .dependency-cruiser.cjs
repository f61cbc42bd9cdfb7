/** Who may import whom; docs/architecture.md shows the picture. Checked by npm run lint. */
const only = (from, allowed, why) => ({
  name: `${from}-imports-only-${allowed.length === 0 ? 'itself' : allowed.join('-')}`,
  comment: why,
  severity: 'error',
  from: { path: `^harness/${from}/` },
  to: { path: '^(harness|services|scenarios|test)/', pathNot: `^harness/(${[from, ...allowed].join('|')})/` },
});

module.exports = {
  forbidden: [
    { name: 'no-circular', severity: 'error', from: {}, to: { circular: true } },
    { name: 'services-know-no-harness', comment: 'they meet over sockets', severity: 'error', from: { path: '^services/' }, to: { path: '^(harness|scenarios|test)/' } },
    { name: 'harness-knows-no-service', comment: 'no line of the harness is about one target', severity: 'error', from: { path: '^harness/' }, to: { path: '^(services|scenarios|test)/' } },
    only('model', [], 'the vocabulary imports nothing of ours'),
    only('history', ['model'], 'a record knows only what it records'),
    only('check', ['model'], 'a checker is a pure function of a history'),
    only('link', ['model'], 'a link is an instrument: it does not know the experiment'),
    only('load', ['model'], 'load is driven from data'),
    only('probe', ['model'], 'a probe reads and tells'),
    only('environment', ['link', 'model'], 'an environment brings things up; it judges nothing'),
    only('scenario', ['check', 'environment', 'link', 'load', 'probe', 'history', 'model'], 'the runner puts the parts together'),
    only('explore', ['scenario', 'model'], 'it draws and reduces scenarios; running one is handed in'),
    only('rehearsal', ['environment', 'link', 'load', 'probe', 'history', 'model'], 'a rehearsal drives and records; it judges nothing'),
    only('policy', ['environment', 'link', 'load', 'history', 'model'], 'it measures what runs; it judges no scenario'),
    only('report', ['check', 'history', 'policy', 'scenario', 'model'], 'a report shows; it never judges'),
    only('export', ['model'], 'a manifest is made of data; it knows the command line, not the code'),
    {
      name: 'mutants-stay-in-their-folder',
      comment: 'good code does not know that it can be made bad; only the registry is known, to the config and the start',
      severity: 'error',
      from: { path: '^services/mimo/', pathNot: '^services/mimo/(mutants/|main\\.ts|config\\.ts)' },
      to: { path: '^services/mimo/mutants/' },
    },
  ],
  options: { doNotFollow: { path: 'node_modules' }, enhancedResolveOptions: { extensions: ['.ts', '.js', '.mjs', '.cjs'] } },
};
