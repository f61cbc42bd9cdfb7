/** Placeholder body until the page is written; replaced in the same change. */
import type { History } from '../model/history.ts';
import type { RunReport } from './run-report.ts';

export function renderHtml(report: RunReport, _histories: ReadonlyMap<string, History>): string {
  return `<!doctype html><title>${report.run}</title>`;
}
