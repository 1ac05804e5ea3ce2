import { fieldsOf } from '../fields.js';

/** Places in which entries are configured. */
export const entrySources = ['file', 'managed'] as const;

/** `overridden`: a managed entry with the name of one in the file, which wins. */
export const entryStates = ['active', 'expired', 'overridden'] as const;

/** Fields of every kind of entry. */
const common = fieldsOf({
  name: { type: 'text', description: 'Name' },
  source: { type: 'choice', values: entrySources, description: 'Where it is configured' },
  state: { type: 'choice', values: entryStates, description: 'Whether it is in effect' },
  author: { type: 'text', description: 'User or service account of the last change' },
  changed: { type: 'time', description: 'Time of the last change by API' },
});

const repository = { type: 'text', description: 'Pattern of repositories, as it is written' } as const;
const connectionKind = { type: 'text', description: 'Kind of the connection: harbor' } as const;

export const exceptionFields = fieldsOf({
  ...common,
  finding: { type: 'text', description: 'Id, alias or fingerprint of the findings' },
  repository,
  owner: { type: 'text', description: 'Owner' },
  approver: { type: 'text', description: 'Who has accepted the risk' },
  until: { type: 'time', description: 'End' },
});

export const policyFields = fieldsOf({
  ...common,
  mode: { type: 'text', description: 'Mode: enforce' },
  repository,
});

export const signerFields = fieldsOf({ ...common, repository });

export const registryFields = fieldsOf({
  ...common,
  kind: connectionKind,
  url: { type: 'text', description: 'Address' },
});

export const reportFields = fieldsOf({
  ...common,
  receiver: { type: 'text', description: 'Receiver that gets it' },
  schedule: { type: 'text', description: 'Schedule, as it is written' },
});

export const sensorFields = fieldsOf({
  ...common,
  kind: connectionKind,
  cluster: { type: 'text', description: 'Cluster' },
});
