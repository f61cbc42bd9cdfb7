/** Asks one checker about one story. */
import type { SteadyWindow } from '../../harness/check/checker.ts';
import { CHECKERS } from '../../harness/check/registry.ts';
import type { Verdict } from '../../harness/model/verdict.ts';
import type { Story } from './story.ts';

export function verdictOf(
  check: string,
  story: Story,
  params: object = {},
  window: SteadyWindow = 'after',
): Verdict {
  const checker = CHECKERS.get(check);
  if (checker === undefined) throw new Error(`no checker ${check}`);
  return checker.judge(story.tell(), checker.params.parse(params), window);
}
