/** How answers say they were served, and which of those claims nothing on the wire stands behind. */
import { eventsOf, type History, type RequestEvent } from '../model/history.ts';
import { toNs } from '../model/time.ts';
import { AttemptIndex, attemptsOn } from './attempts.ts';
import { isWithin, type Span } from './windows.ts';

/** How a target says that nothing was degraded. */
export const LIVE = 'live';

/** The link notes the end of an answer after it has sent it on; the caller may be a moment ahead. */
const LINK_LAG_NS = toNs(50);

/** How an answer says it was served: by its part for the link where it tells of parts; null: it says nothing. */
export function servedFrom({ served, servedBy }: RequestEvent, link: string): string | null {
  return served[link] ?? servedBy;
}

/** Answers wholly live: as good as any the target gives. */
export function isLive({ outcome, servedBy }: RequestEvent): boolean {
  return outcome === 'ok' && servedBy === LIVE;
}

/** Answers that pass for live though they are not. */
export interface Unmarked {
  /** They claim to be live, and no good attempt stands behind them. */
  pretended: readonly RequestEvent[];
  /** They say nothing. */
  silent: readonly RequestEvent[];
}

/** Looks at the answers made wholly inside the spans: at the edges of a fault a live one is honest. */
export function unmarkedIn(
  history: History,
  link: string,
  answers: readonly RequestEvent[],
  spans: readonly Span[],
): Unmarked {
  const index = new AttemptIndex(attemptsOn(history, link), eventsOf(history, 'request'));
  const inside = answers.filter(({ startT, endT }) =>
    spans.some((span) => isWithin(startT, span) && isWithin(endT, span)),
  );
  return {
    silent: inside.filter((answer) => servedFrom(answer, link) === null),
    pretended: inside.filter(
      (answer) =>
        servedFrom(answer, link) === LIVE &&
        !index.of(answer).some(({ failed, endT }) => !failed && endT <= answer.endT + LINK_LAG_NS),
    ),
  };
}
