/** Double of the module `k6/execution`. */
import { iteration } from '../bridge.ts';

export default {
  scenario: {
    get iterationInTest(): number {
      return iteration.inTest;
    },
  },
};
