/** Counts of what has passed a link. */

/** What has passed a link since it was made; moves while connections live. */
export interface Counters {
  connections: number;
  open: number;
  refused: number;
  /** Target → link, link → dependency, dependency → link, link → target; bytes. */
  upstreamIn: number;
  upstreamOut: number;
  downstreamIn: number;
  downstreamOut: number;
}

export function newCounters(): Counters {
  return {
    connections: 0,
    open: 0,
    refused: 0,
    upstreamIn: 0,
    upstreamOut: 0,
    downstreamIn: 0,
    downstreamOut: 0,
  };
}
