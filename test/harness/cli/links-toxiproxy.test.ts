import { describe, expect, test } from '@jest/globals';
import { NEW, realToxiproxy } from '../../support/toxiproxy.ts';
import { REPOSITORY, tripcurve } from '../../support/workshop.ts';

const found = await realToxiproxy(NEW);
const here = typeof found === 'string' ? describe.skip : describe;
const why = typeof found === 'string' ? ` (skipped: ${found})` : '';

here(`tripcurve run --links toxiproxy${why}`, () => {
  test('the same scenarios hold with a real Toxiproxy; what it cannot inject is inconclusive, with the reason', async () => {
    const scenarios = ['llm/reset', 'database/cut', 'llm/black-hole'];
    const files = scenarios.map((name) => `scenarios/${name}.scenario.ts`);
    process.env.TOXIPROXY_SERVER = typeof found === 'string' ? '' : found.server;
    const { code, stdout } = await tripcurve(REPOSITORY, 'run', '--links', 'toxiproxy', ...files).finished;
    expect(stdout).toMatch(/✓ llm\/reset +holds/);
    expect(stdout).toMatch(/✓ database\/cut +holds/);
    expect(stdout).toMatch(/\? llm\/black-hole +inconclusive/);
    expect(stdout).toMatch(/timeline\[0\]: Toxiproxy can refuse connections but not leave a dial unanswered/);
    expect(code).toBe(3);
  }, 120_000);
});
