/** Double of the module `k6/metrics`. */
import { tell } from '../bridge.ts';

export class Trend {
  readonly name: string;
  readonly #isTime: boolean;

  constructor(name: string, isTime = false) {
    this.name = name;
    this.#isTime = isTime;
  }

  add(value: number, tags: Record<string, string> = {}): void {
    for (const [tag, text] of Object.entries(tags))
      if (typeof text !== 'string') throw new TypeError(`tag ${tag} is no string`);
    tell({ ask: 'metric', metric: this.name, type: 'trend', isTime: this.#isTime, value, tags });
  }
}
