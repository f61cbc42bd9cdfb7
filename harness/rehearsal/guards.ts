/** What ends a rehearsal before a person does: error ratio, latency, a probe URL, a Prometheus query. */
import { messageOf } from '../model/errors.ts';
import type { View } from './view.ts';

export interface Guards {
  /** Share of entry requests that fail, 0 to 1. */
  errorRatio?: number | undefined;
  /** 95th percentile of entry latency, ms. */
  latencyMs?: number | undefined;
  /** Must answer 2xx. */
  probeUrl?: string | undefined;
  /** A Prometheus API's /api/v1/query URL with the query in it; a result that is not empty ends it. */
  prometheusQuery?: string | undefined;
}

/** One bad second is noise; so many in a row are an outage. */
const BAD_SECONDS = 3;
const PROBE_TIMEOUT_MS = 2_000;

export class Watchman {
  readonly #guards: Guards;
  readonly #badSeconds = new Map<string, number>();

  constructor(guards: Guards) {
    this.#guards = guards;
  }

  /** Looks once a second; a sentence where a guard has had enough, else null. */
  async look({ entry }: View): Promise<string | null> {
    const { errorRatio, latencyMs, probeUrl, prometheusQuery } = this.#guards;
    const findings: [name: string, bad: string | null][] = [
      [
        'error ratio',
        errorRatio !== undefined && entry.errorRatio > errorRatio
          ? `${(entry.errorRatio * 100).toFixed(0)} % of requests fail (allowed ${errorRatio * 100} %)`
          : null,
      ],
      [
        'latency',
        latencyMs !== undefined && entry.latencyMsP95 > latencyMs
          ? `p95 latency is ${entry.latencyMsP95} ms (allowed ${latencyMs})`
          : null,
      ],
      ['probe', probeUrl === undefined ? null : await badProbe(probeUrl)],
      ['query', prometheusQuery === undefined ? null : await badQuery(prometheusQuery)],
    ];
    for (const [name, bad] of findings) {
      const seconds = bad === null ? 0 : (this.#badSeconds.get(name) ?? 0) + 1;
      this.#badSeconds.set(name, seconds);
      if (seconds >= BAD_SECONDS) return `${bad} for ${seconds} s`;
    }
    return null;
  }
}

async function badProbe(url: string): Promise<string | null> {
  try {
    const { ok, status } = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    return ok ? null : `${url} answers ${status}`;
  } catch (error) {
    return `${url} does not answer: ${messageOf(error)}`;
  }
}

async function badQuery(url: string): Promise<string | null> {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(PROBE_TIMEOUT_MS) });
    const { data } = (await response.json()) as { data?: { result?: unknown[] } };
    if (!response.ok || data?.result === undefined) return `Prometheus answers ${response.status}`;
    return data.result.length === 0 ? null : `the query has ${data.result.length} results`;
  } catch (error) {
    // A guard that cannot look must not be taken for one that sees nothing.
    return `Prometheus does not answer: ${messageOf(error)}`;
  }
}
