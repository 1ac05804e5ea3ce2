/** Tabs of an image in their order. */
export const imageTabIds = [
  'changes',
  'fixes',
  'findings',
  'layers',
  'packages',
  'secrets',
  'integrity',
  'misconfiguration',
  'runtime',
  'provenance',
  'history',
] as const;

export type ImageTabId = (typeof imageTabIds)[number];
