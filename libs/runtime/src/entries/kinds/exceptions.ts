import { createHash } from 'node:crypto';

import type { EntryRules } from '../entry-kind.js';

const maxFindingCharacters = 40;
const fingerprint = /^([0-9a-f]{12})[0-9a-f]{52}$/;

/** Exceptions. One that cannot be read does not hold. */
export const exceptionEntries: EntryRules = {
  /** `cve-2026-0001-3fa94c`: the finding, and a hash of what is excepted. */
  nameOf({ finding, repository, tag = null, digest = null }) {
    const hash = createHash('sha256')
      .update(JSON.stringify([finding, repository, tag, digest]))
      .digest('hex');
    const slug = (typeof finding === 'string' ? finding : '')
      .toLowerCase()
      .replace(fingerprint, '$1')
      .replaceAll(/[^a-z0-9]+/g, '-')
      .slice(0, maxFindingCharacters);
    return `${slug.replace(/^-/, '')}-${hash.slice(0, 6)}`.replace(/^-/, '');
  },
  complete: (document, author) => ({ approver: author, ...document }),
  secretKeys: [],
  destination: () => null,
  fileOnly: {},
  standIn: () => undefined,
};
