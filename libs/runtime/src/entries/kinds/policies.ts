import { policyModes } from '@tidewaiter/domain';
import { unreadablePolicy } from '@tidewaiter/policy';

import type { EntryRules } from '../entry-kind.js';

/** Policies. One that cannot be read answers `unknown`. */
export const policyEntries: EntryRules = {
  secretKeys: [],
  destination: () => null,
  fileOnly: { file: 'give the text of the policy as source' },
  standIn({ rules }, { name, document }, reason) {
    const { mode, repositories } = document;
    const scope = {
      mode: policyModes.find((each) => each === mode),
      repositories: Array.isArray(repositories) ? repositories.map(String) : undefined,
    };
    rules.policies = [...rules.policies, unreadablePolicy(name, scope, reason)];
    rules.written = [...rules.written, { text: `unreadable policy ${name}`, until: null }];
  },
};
