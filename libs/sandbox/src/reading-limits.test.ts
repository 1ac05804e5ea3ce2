import { limitsIn, readingLimits } from './reading-limits.js';

describe('limitsIn', () => {
  it('reads the limits of the environment and keeps defaults of the others', () => {
    const environment = {
      TIDEWAITER_MAX_ENTRIES: '2000',
      TIDEWAITER_MAX_IMAGE_ENTRIES: '3000',
      TIDEWAITER_MAX_MEMORY_MEGABYTES: '512',
      TIDEWAITER_MAX_PACKAGES: '7000',
      PATH: '/bin',
    };
    expect(limitsIn(environment)).toEqual({
      image: { maxImageEntries: 3_000 },
      layer: { maxEntries: 2_000 },
      process: { maxMemoryMegabytes: 512 },
      facts: { maxPackages: 7000 },
    });
    expect(limitsIn({ TIDEWAITER_MAX_ENTRIES: '' })).toEqual({ image: {}, layer: {}, process: {}, facts: {} });
  });

  it.each(['none', '-1', '1.5', '0', '1e9', '99999999999999999999'])('rejects %s, naming the variable', (text) => {
    expect(() => limitsIn({ TIDEWAITER_MAX_ENTRIES: text })).toThrow(/^TIDEWAITER_MAX_ENTRIES must be/);
  });
});

describe('readingLimits', () => {
  it('ignores unset variables', () => {
    expect(readingLimits({ maxEntries: undefined, maxSparseBytes: 5 })).toEqual({
      image: {},
      layer: { maxSparseBytes: 5 },
      process: {},
      facts: {},
    });
  });
});
