import type { EntryRules } from '../entry-kind.js';

/** Reports. One that cannot be read is not sent. */
export const reportEntries: EntryRules = {
  secretKeys: [],
  destination: () => null,
  fileOnly: {},
  standIn: () => undefined,
};
