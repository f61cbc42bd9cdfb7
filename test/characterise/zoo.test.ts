/**
 * Real services with real libraries, whose policy is known, measured from the wire. By default two quick ones;
 * ZOO=all or ZOO=name,name chooses others, ZOO_REPLICAS=n measures on n replicas (docs/characterise-ground-truth.md).
 */
import { expect, test } from '@jest/globals';
import { QUANTITIES, type QuantityName } from '../../harness/model/measured.ts';
import { type Score, scoreOf } from './score.ts';
import { ANIMALS } from './zoo/animals.ts';
import { measureOne } from './zoo/measure-one.ts';

const QUICK = ['timeout-alone', 'cockatiel-consecutive'];
/** The quick ones have no timeout near to a second, and nothing to forget. */
const QUICK_LIMITS = { patienceMs: 1_000, callsMax: 10, pauseMsMax: 1_000 };
const LIMIT_MS = 600_000;

const { ZOO = '', ZOO_REPLICAS = '1' } = process.env;
const chosen = ZOO === '' ? QUICK : ZOO === 'all' ? Object.keys(ANIMALS) : ZOO.split(',');

test.each(chosen)(
  'nothing wrong is said of %s',
  async (name) => {
    const animal = ANIMALS[name];
    if (animal === undefined)
      throw new Error(`ZOO: no service "${name}"; one of ${Object.keys(ANIMALS).join(', ')}`);
    const measured = await measureOne(
      animal.config(),
      animal.link,
      ZOO === '' ? QUICK_LIMITS : {},
      Number(ZOO_REPLICAS),
    );
    const rows = (Object.keys(QUANTITIES) as QuantityName[]).flatMap((quantity) => {
      const [isOptional, truth] =
        quantity in animal.truth ? [false, animal.truth[quantity]] : [true, animal.unlessUnknown[quantity]];
      if (truth === undefined) return [];
      const finding = measured.findings[quantity];
      const score: Score = scoreOf(quantity, truth, finding);
      if (isOptional && score === 'unknown') return [];
      const told = finding?.known ? `${finding.value} (${finding.low} to ${finding.high})` : finding?.why;
      return [{ quantity, score, text: `${score} ${quantity}: truth ${truth}, measured ${told}` }];
    });
    const count = (score: Score): number => rows.filter((row) => row.score === score).length;
    console.log(
      [
        `${name}: ${count('right')} right, ${count('unknown')} unknown, ${count('wrong')} wrong of ${rows.length}; ` +
          `${(measured.tookMs / 1000).toFixed(0)} s, ${measured.requests} requests`,
        ...rows.map(({ text }) => text),
        ...measured.experiments.map(
          (one) =>
            `  ${one.name} (from ${(one.atMs / 1000).toFixed(1)} s, ${(one.tookMs / 1000).toFixed(1)} s): ${one.says}`,
        ),
        ...Object.entries(measured.matrix).map(
          ([shape, row]) =>
            `  ${shape}: ${row.attempts ?? '?'} attempts, counts ${row.counts}${row.why === undefined ? '' : ` (${row.why})`}`,
        ),
      ].join('\n'),
    );
    expect(rows.filter(({ score }) => score === 'wrong').map(({ text }) => text)).toEqual([]);
    // A measurement that knows nothing would pass what is above.
    expect(count('right')).toBeGreaterThan(rows.length / 2);
  },
  LIMIT_MS,
);
