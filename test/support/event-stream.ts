/** Reads `GET /events` of our API as a client would. */
import { within } from '../../harness/model/deadline.ts';
import type { Cleanup } from './sockets.ts';

export interface StreamedEvent {
  kind: string;
  [field: string]: unknown;
}

export interface EventStream {
  seen: readonly StreamedEvent[];
  /** The first event that fits, whether it has come or is to come. */
  saw(what: string, fits: (event: StreamedEvent) => boolean): Promise<StreamedEvent>;
}

const SAW_LIMIT_MS = 6_000;

/** Subscribes; the server has the subscription when this returns. @param query such as `?kind=fault` */
export async function openEvents(cleanup: Cleanup, url: string, query = ''): Promise<EventStream> {
  const abort = new AbortController();
  cleanup.add(() => abort.abort());
  const response = await fetch(`${url}/events${query}`, { signal: abort.signal });
  const seen: StreamedEvent[] = [];
  const waiting = new Set<() => void>();
  void (async () => {
    let text = '';
    for await (const chunk of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
      text += chunk;
      const records = text.split('\n\n');
      text = records.pop() ?? '';
      for (const record of records) {
        const data = /^data: (.*)$/m.exec(record)?.[1];
        if (data !== undefined) seen.push(JSON.parse(data));
      }
      for (const look of waiting) look();
    }
  })().catch(() => {}); // aborted with the test
  return {
    seen,
    saw: (what, fits) => {
      let look = (): void => {};
      const found = new Promise<StreamedEvent>((resolve) => {
        look = () => {
          const event = seen.find(fits);
          if (event !== undefined) resolve(event);
        };
        waiting.add(look);
        look();
      });
      return within(SAW_LIMIT_MS, what, found).finally(() => waiting.delete(look));
    },
  };
}
