import { incidentStates, resolutions, severities } from '@tidewaiter/domain';

import { fieldsOf } from '../fields.js';

/** Fields of incidents. */
export const incidentFields = fieldsOf({
  severity: { type: 'rank', values: severities, description: 'Severity' },
  state: { type: 'choice', values: incidentStates, description: 'State; merged ones are listed only if named' },
  acknowledged: { type: 'flag', description: 'Someone works on it' },
  assigned: { type: 'flag', description: 'It has an assignee' },
  assignee: { type: 'text', description: 'User who takes care of it' },
  snoozed: { type: 'flag', description: 'Snoozed; such ones are listed only if named' },
  workload: { type: 'text', description: 'Workload: payments/Deployment/api' },
  namespace: { type: 'text', description: 'Namespace' },
  cluster: { type: 'text', description: 'Cluster' },
  image: { type: 'text', description: 'Image by its name' },
  digest: { type: 'text', description: 'Image by its digest' },
  rule: { type: 'text', description: 'Title of a rule that raised an alert' },
  technique: { type: 'text', description: 'ATT&CK technique: T1496' },
  finding: { type: 'text', description: 'Short name of a finding: drift' },
  number: { type: 'number', description: 'Number: 7 of INC-7' },
  score: { type: 'number', description: 'Score, 0 to 100' },
  events: { type: 'number', description: 'Number of events' },
  opened: { type: 'time', description: 'Time at which it was opened' },
  seen: { type: 'time', description: 'Time of its last event' },
  resolved: { type: 'time', description: 'Time at which it was resolved' },
  by: { type: 'text', description: 'User who resolved it' },
  resolution: { type: 'choice', values: resolutions, description: 'Reason for which it was resolved' },
});
