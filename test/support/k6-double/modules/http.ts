/** Double of the module `k6/http`: real requests, sent by the main thread while the script waits. */
import { askAndWait, expected, type HttpAnswer, type HttpParams } from '../bridge.ts';

export default {
  expectedStatuses: (range: { min: number; max: number }) => range,
  setResponseCallback(range: { min: number; max: number }): void {
    expected.range = range;
  },
  request(method: string, url: string, body: string | null, params: HttpParams): HttpAnswer {
    return askAndWait({ ask: 'http', method, url, body, params }) as HttpAnswer;
  },
};
