import Sequencer from '@jest/test-sequencer';

/** Jest's own order, longest first, but the rig's own tests before the scenarios. */
export default class UnitsFirst extends (Sequencer.default ?? Sequencer) {
  async sort(tests) {
    const sorted = await super.sort(tests);
    const isScenario = ({ context }) => context.config.displayName?.name === 'scenarios';
    return [...sorted.filter((test) => !isScenario(test)), ...sorted.filter(isScenario)];
  }
}
