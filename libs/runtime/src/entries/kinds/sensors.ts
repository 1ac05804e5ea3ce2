import type { EntryRules } from '../entry-kind.js';

/** Sensors. One that cannot be read gets no events, which it sends again. */
export const sensorEntries: EntryRules = {
  secretKeys: ['token'],
  // The token comes from the sensor, and is sent nowhere.
  destination: () => null,
  fileOnly: {},
  standIn: () => undefined,
};
