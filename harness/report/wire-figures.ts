/** Wire charts of a page with their captions. Each is in the page once, and shown wherever it is evidence. */
import type { MeasuredPolicy } from '../model/measured.ts';
import type { WireChapter } from '../model/wire.ts';
import { escapeXml } from './plot.ts';
import { CHART_WIDTH, ms, wireChart } from './wire-chart.ts';

export const NOTHING_SENT = 'no chart: nothing was recorded of the experiments behind it';

export class Figures {
  readonly #chapters: readonly WireChapter[];
  readonly #drawn: ReadonlyMap<WireChapter, { id: string; height: number; body: string }>;

  constructor(chapters: readonly WireChapter[], findings: MeasuredPolicy['findings']) {
    this.#chapters = chapters;
    const present = findings['breaker.present'];
    const closes = findings['breaker.successesToClose'];
    const options = {
      hasBreaker: present?.known === true && present.value === true,
      successesToClose: closes?.known === true && typeof closes.value === 'number' ? closes.value : undefined,
    };
    this.#drawn = new Map(
      chapters.map((chapter, i) => [chapter, { id: `wire-${i + 1}`, ...wireChart(chapter, options) }]),
    );
  }

  /** Charts of an experiment, or of one part of it; a sentence where there is none. */
  show(experiment: string, part?: string): string {
    const chapters = this.#chapters.filter(
      (one) => one.experiment === experiment && (part === undefined || one.part === part),
    );
    return chapters.length === 0 ? NOTHING_SENT : chapters.map((one) => this.#figure(one)).join('');
  }

  /** The parts of an experiment whose name begins this text; all of them where none does. */
  partsNamedIn(experiment: string, text: string): (string | undefined)[] {
    const parts = this.#chapters
      .filter((one) => one.experiment === experiment && one.part !== null && text.startsWith(one.part))
      .map(({ part }) => part ?? undefined);
    // The longest: one shape's name may begin another's.
    const longest = parts.toSorted((a, b) => (b?.length ?? 0) - (a?.length ?? 0))[0];
    return [longest];
  }

  symbols(): string {
    return [...this.#drawn.values()]
      .map(
        ({ id, height, body }) =>
          `<symbol id="${id}" viewBox="0 0 ${CHART_WIDTH} ${height}">${body}</symbol>`,
      )
      .join('');
  }

  #figure(chapter: WireChapter): string {
    const { id = '', height = 0 } = this.#drawn.get(chapter) ?? {};
    const says = captionOf(chapter);
    return `<figure class="chart"><figcaption class="dim">${escapeXml(says)}</figcaption><svg viewBox="0 0 ${CHART_WIDTH} ${height}" role="img" aria-label="${escapeXml(`wire chart: ${says}`)}"><use href="#${id}"/></svg></figure>`;
  }
}

function captionOf({
  experiment,
  part,
  replica,
  calls,
  attempts,
  faults,
  leftOut,
  fromMs,
  toMs,
}: WireChapter): string {
  const armed = [...new Set(faults.map(({ condition }) => condition))];
  return [
    `${experiment}${part === null ? '' : `: ${part}`}${replica > 1 ? `, replica ${replica}` : ''}`,
    `${calls.length + (leftOut?.calls ?? 0)} calls, ${attempts.length + (leftOut?.attempts ?? 0)} attempts in ${ms(toMs - fromMs)}`,
    armed.length === 0 ? 'nothing armed' : `armed: ${armed.join(', ')}`,
    ...(leftOut === null
      ? []
      : [`of the middle ${leftOut.calls} calls and ${leftOut.attempts} attempts are not kept`]),
  ].join(' · ');
}
