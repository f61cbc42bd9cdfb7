/** The trip rule, told as strings of outcomes: `x` a failure, `.` a success. */
import { describe, expect, test } from '@jest/globals';
import { CircuitState } from 'cockatiel';
import { WindowedFailures } from '../../../../services/mimo/resilience/windowed-failures.ts';

/** Number of the call at which the rule opened, or null. */
function tripsAt(outcomes: string, rule = new WindowedFailures(5, 10)): number | null {
  for (const [i, outcome] of [...outcomes].entries()) {
    if (outcome === '.') rule.success(CircuitState.Closed);
    else if (rule.failure(CircuitState.Closed)) return i + 1;
  }
  return null;
}

describe('the trip rule of five failures in ten calls', () => {
  test.each([
    ['five failures from the start trip at the fifth', 'xxxxx', 5],
    ['four do not', 'xxxx', null],
    ['a long healthy run does not delay the trip', `${'.'.repeat(100)}xxxxx`, 105],
    ['every second call failing trips', 'x.x.x.x.x.', 9],
    ['four failures in every ten calls do not', 'x..x..x..x'.concat('..x..x..x..'.repeat(20)), null],
    ['one failure in five never trips', 'x....'.repeat(200), null],
    ['failures that have left the window are forgotten', `xxxx${'.'.repeat(10)}xxxx`, null],
  ])('%s', (_, outcomes, call) => {
    expect(tripsAt(outcomes)).toBe(call);
  });

  test('closing wipes the slate', () => {
    const rule = new WindowedFailures(5, 10);
    tripsAt('xxxxx', rule);
    rule.success(CircuitState.HalfOpen);
    expect(tripsAt('xxxx', rule)).toBeNull();
  });

  test('a failed probe reopens whatever the window says', () => {
    expect(new WindowedFailures(5, 10).failure(CircuitState.HalfOpen)).toBe(true);
  });

  test('a window shorter than the failures is refused', () => {
    expect(() => new WindowedFailures(5, 4)).toThrow('1 <= failures <= windowCalls, got 5 of 4');
    expect(() => new WindowedFailures(0, 4)).toThrow('got 0 of 4');
    expect(tripsAt('xxxxx', new WindowedFailures(5, 5))).toBe(5);
  });

  test('it carries nothing over a restart', () => {
    const rule = new WindowedFailures(5, 10);
    rule.state = { failed: 4 };
    expect(rule.state).toBeNull();
  });
});
