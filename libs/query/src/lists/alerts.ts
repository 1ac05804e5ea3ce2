import { fieldsOf } from '../fields.js';

const levels = ['critical', 'high', 'medium', 'low', 'informational'] as const;

/** Fields of alerts of detection rules. */
export const alertFields = fieldsOf({
  severity: { type: 'rank', values: levels, description: 'Severity' },
  rule: { type: 'text', description: 'Title or id of the rule' },
  technique: { type: 'text', description: 'ATT&CK technique: T1496' },
  stage: { type: 'text', description: 'Stage of an attack' },
  finding: { type: 'text', description: 'Short name of a finding: drift' },
  weight: {
    type: 'choice',
    values: ['alone', 'support', 'context'],
    description: 'Whether it opens an incident alone, with another kind of evidence, or never',
  },
  sensor: { type: 'flag', description: 'The sensor raised it itself' },
  cluster: { type: 'text', description: 'Cluster' },
  node: { type: 'text', description: 'Node' },
  namespace: { type: 'text', description: 'Namespace' },
  workload: { type: 'text', description: 'Workload: payments/Deployment/api' },
  pod: { type: 'text', description: 'Pod' },
  container: { type: 'text', description: 'Id of the container' },
  image: { type: 'text', description: 'Image by its name' },
  digest: { type: 'text', description: 'Image by its digest' },
  incident: { type: 'text', description: 'Id of its incident' },
  joined: { type: 'flag', description: 'It belongs to an incident' },
  revised: { type: 'flag', description: 'Evaluated again with more facts; listed only if named' },
  at: { type: 'time', description: 'Time of the event' },
});

/** Fields of rules of the detector. */
export const ruleFields = fieldsOf({
  state: { type: 'choice', values: ['loaded', 'refused'], description: 'Whether it is in use' },
  kind: { type: 'choice', values: ['rule', 'correlation'], description: 'Kind' },
  level: { type: 'rank', values: levels, description: 'Level' },
  status: { type: 'text', description: 'Status: stable' },
  id: { type: 'text', description: 'Id' },
  title: { type: 'text', description: 'Title' },
  author: { type: 'text', description: 'Author' },
  license: { type: 'text', description: 'License' },
  tag: { type: 'text', description: 'Tag: attack.t1496' },
  file: { type: 'text', description: 'File' },
  part: { type: 'flag', description: 'It is only a part of a correlation' },
});
