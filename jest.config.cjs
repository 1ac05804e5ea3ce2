const { availableParallelism } = require('node:os');

// Not those that tests replace, as `Date`, or that packages declare, as `Buffer`.
const fastGlobals = [
  ...['Array', 'BigInt', 'Error', 'Int32Array', 'JSON', 'Map', 'Math', 'Number', 'Object', 'Promise'],
  ...['Reflect', 'RegExp', 'Set', 'String', 'Symbol', 'Uint16Array', 'Uint32Array', 'Uint8Array', 'WeakMap'],
];

const base = {
  rootDir: __dirname,
  transform: { '\\.(ts|mjs|js)$': '<rootDir>/jest.transform.cjs' },
  transformIgnorePatterns: [],
  moduleNameMapper: {
    '^@tidewaiter/(agent|ingest|scanner|detector|notifier)$': '<rootDir>/services/$1/src/main.ts',
    '^@tidewaiter/console$': '<rootDir>/services/console/api/src/main.ts',
    '^@tidewaiter/([a-z0-9-]+)$': '<rootDir>/libs/$1/src/index.ts',
  },
  modulePathIgnorePatterns: ['/dist/', '<rootDir>/.tidewaiter/'],
  testEnvironment: 'node',
  // Jest looks the name of a global up by a slow way: compiling the rules took four times as long.
  sandboxInjectedGlobals: fastGlobals,
  setupFiles: ['reflect-metadata'],
};

/**
 * Unit tests need nothing but Node; truth tests judge large sets of cases; integration tests start real servers; e2e runs
 * the real programs.
 */
module.exports = {
  // The suites wait for servers more than they compute.
  maxWorkers: Math.ceil(availableParallelism() * 2.5),
  // Each suite leaves some 20 MB to its worker, which collects more and more garbage.
  workerIdleMemoryLimit: '512MB',
  // Ends what hangs. How fast the machine is decides no test: cost is measured in bench/.
  testTimeout: 120_000,
  testSequencer: '<rootDir>/jest.sequencer.cjs',
  globalSetup: '<rootDir>/libs/testkit/src/temporary-folder.ts',
  reporters: ['default', '<rootDir>/libs/testkit/src/skip-reporter.ts'],
  projects: [
    {
      ...base,
      displayName: 'unit',
      testMatch: ['**/*.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/dist/', '\\.(integration|truth)\\.test\\.ts$', '<rootDir>/e2e/'],
    },
    {
      ...base,
      displayName: 'truth',
      testMatch: ['**/*.truth.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/dist/'],
    },
    {
      ...base,
      displayName: 'integration',
      testMatch: ['**/*.integration.test.ts'],
      testPathIgnorePatterns: ['/node_modules/', '/dist/'],
    },
    { ...base, displayName: 'e2e', testMatch: ['<rootDir>/e2e/**/*.test.ts'] },
  ],
};
