const { default: Sequencer } = require('@jest/test-sequencer');

/** The first take minutes, the last seconds. */
const projects = ['e2e', 'integration', 'truth', 'unit'];
const rankOf = ({ context }) => projects.indexOf(context.config.displayName.name);

// Where no earlier run on this machine has left durations, as in CI, Jest would start the largest files first, and end
// with a long suite in a small file while processors have no work.
module.exports = class extends Sequencer {
  async sort(tests) {
    const sorted = await super.sort(tests);
    if (sorted.every(({ duration }) => duration !== undefined)) return sorted;
    return sorted.toSorted((one, other) => rankOf(one) - rankOf(other));
  }
};
