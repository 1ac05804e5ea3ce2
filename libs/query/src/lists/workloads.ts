import { severities, verdicts } from '@tidewaiter/domain';

import { fieldsOf } from '../fields.js';

/** Fields of workloads. */
export const workloadFields = fieldsOf({
  cluster: { type: 'text', description: 'Cluster' },
  namespace: { type: 'text', description: 'Namespace' },
  kind: { type: 'text', description: 'Kind: Deployment' },
  name: { type: 'text', description: 'Name' },
  running: { type: 'flag', description: 'A container of it runs' },
  containers: { type: 'number', description: 'Number of containers that run' },
  exposed: { type: 'flag', description: 'A service leads to it from outside of the cluster' },
  privileged: { type: 'flag', description: 'A container of it is privileged' },
  verdict: { type: 'choice', values: verdicts, description: 'Verdict of one of its images; unknown: not evaluated' },
  severity: { type: 'rank', values: severities, description: 'Severity of the worst finding of its images' },
  image: { type: 'text', description: 'Image that it runs: shop/app:1' },
  digest: { type: 'text', description: 'Digest of an image that it runs' },
  incidents: { type: 'number', description: 'Number of open incidents' },
  misconfigurations: { type: 'number', description: 'Number of open misconfigurations' },
  seen: { type: 'time', description: 'Time at which a sensor last reported it' },
});
