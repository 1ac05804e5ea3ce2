import { severities, verdicts } from '@tidewaiter/domain';

import { fieldsOf } from '../fields.js';

/** Fields of pushes. */
export const pushFields = fieldsOf({
  verdict: { type: 'choice', values: verdicts, description: 'Verdict; unknown: not evaluated' },
  severity: { type: 'rank', values: severities, description: 'Severity of its worst finding' },
  state: {
    type: 'choice',
    values: ['accepted', 'analyzing', 'analyzed', 'not-an-image', 'refused', 'dead-lettered'],
    description: 'State of the analysis; signatures and charts are listed only if named',
  },
  current: { type: 'flag', description: 'Its tag points to it' },
  running: { type: 'flag', description: 'A workload runs it, or did in the last day' },
  image: { type: 'text', description: 'Repository and tag: shop/app:1' },
  repository: { type: 'text', description: 'Repository: shop/app' },
  tag: { type: 'text', description: 'Tag' },
  registry: { type: 'text', description: 'Host of the registry' },
  connection: { type: 'text', description: 'Name of the registry in the settings' },
  digest: { type: 'text', description: 'Digest' },
  owner: { type: 'match', description: 'Owner of its repository, by the settings or a label of its newest image' },
  package: { type: 'match', description: 'Package of its images with its versions: openssl<3.0.14' },
  pusher: { type: 'text', description: 'User who pushed it' },
  origin: { type: 'choice', values: ['hook', 'reconciled', 'imported'], description: 'How the push was learned' },
  code: { type: 'text', description: 'Code of the error: NO_PLATFORM' },
  warnings: { type: 'number', description: 'Number of warnings' },
  received: { type: 'time', description: 'Time at which it was received' },
});
