import { containmentActions, containmentKinds, containmentStates } from '@tidewaiter/domain';

import { fieldsOf } from '../fields.js';

/** Fields of containment orders. */
export const containmentFields = fieldsOf({
  state: { type: 'choice', values: containmentStates, description: 'State' },
  action: { type: 'choice', values: containmentActions, description: 'Action' },
  cluster: { type: 'text', description: 'Cluster' },
  namespace: { type: 'text', description: 'Namespace; none of a node' },
  kind: { type: 'choice', values: containmentKinds, description: 'Kind of the object' },
  object: { type: 'text', description: 'Name of the object' },
  incident: { type: 'text', description: 'Id of the incident' },
  by: { type: 'text', description: 'User who ordered it, or policy: and a rule' },
  approver: { type: 'text', description: 'Maintainer who approved it' },
  dryrun: { type: 'flag', description: 'The agent only reports what it would do' },
  undo: { type: 'flag', description: 'It undoes another order' },
  code: { type: 'text', description: 'Code of a refusal or failure: NAMESPACE_FORBIDDEN' },
  created: { type: 'time', description: 'Time at which it was made' },
  expires: { type: 'time', description: 'Time until which the agent may begin it' },
});
