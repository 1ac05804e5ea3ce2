import type { EntryKind } from '@tidewaiter/domain';

import type { EntryRules } from './entry-kind.js';
import { exceptionEntries } from './kinds/exceptions.js';
import { policyEntries } from './kinds/policies.js';
import { registryEntries } from './kinds/registries.js';
import { reportEntries } from './kinds/reports.js';
import { sensorEntries } from './kinds/sensors.js';
import { signerEntries } from './kinds/signers.js';

/** Rules of every kind. */
export const entryRules: Readonly<Record<EntryKind, EntryRules>> = {
  exceptions: exceptionEntries,
  policies: policyEntries,
  signers: signerEntries,
  registries: registryEntries,
  sensors: sensorEntries,
  reports: reportEntries,
};
