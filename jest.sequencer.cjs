const { default: Sequencer } = require('@jest/test-sequencer');

const kindOf = ({ context }) => context.config.displayName?.name;

/**
 * Order of the suites: those that start servers first, a whole platform and a few servers in turn,
 * and the short unit tests at last, which fill up the end of a run. Where no earlier run has left
 * its times, Jest goes by the size of files alone, and the smallest ones of e2e/ take minutes.
 */
module.exports = class extends Sequencer {
  sort(tests) {
    const seen = { e2e: 0, integration: 0 };
    const placed = super.sort(tests).map((test) => {
      const kind = kindOf(test);
      return { test, place: kind in seen ? (seen[kind] += 1) : tests.length };
    });
    return placed.toSorted((one, other) => one.place - other.place).map(({ test }) => test);
  }
};
