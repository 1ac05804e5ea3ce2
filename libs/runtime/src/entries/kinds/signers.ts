import type { EntryRules } from '../entry-kind.js';

/** Signers. The images of one that cannot be read count as unsigned. */
export const signerEntries: EntryRules = {
  // Public keys and roots are no secrets.
  secretKeys: [],
  destination: () => null,
  fileOnly: { keyFile: 'give the PEM text as key', trustedRootFile: 'give the JSON text as trustedRoot' },
  standIn({ rules }, { document: { repositories } }) {
    const patterns = Array.isArray(repositories) ? repositories.map(String) : ['*'];
    rules.signedRepositories = [...rules.signedRepositories, ...patterns];
  },
};
