import { type AgeLimits, usualAgeLimits } from '@tidewaiter/advisories';

/** Ages of advisories that give a warning, from the settings. */
export class MaxAdvisoryAges {
  constructor(readonly limits: AgeLimits = usualAgeLimits) {}
}
