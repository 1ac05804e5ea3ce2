import { severities } from '@tidewaiter/domain';

import { fieldsOf } from '../fields.js';

const exposure = fieldsOf({
  severity: { type: 'rank', values: severities, description: 'Severity' },
  kev: { type: 'flag', description: 'In a list of known exploited vulnerabilities' },
  epss: { type: 'number', description: 'EPSS probability of exploitation, 0 to 1' },
  running: { type: 'flag', description: 'A workload runs an image that has it, or did in the last day' },
  package: { type: 'match', description: 'Package with its versions: openssl<3.0.14' },
  ecosystem: { type: 'text', description: 'Ecosystem of a package: Debian:12' },
  image: { type: 'match', description: 'Image that has it: shop/app, shop/app:1 or a digest' },
  owner: { type: 'match', description: 'Owner of a repository of an image that has it' },
  repository: { type: 'text', description: 'Repository of an image that has it: shop/app' },
  namespace: { type: 'text', description: 'Namespace in which an image that has it runs' },
  cluster: { type: 'text', description: 'Cluster in which an image that has it runs' },
  images: { type: 'number', description: 'Number of images that have it' },
  workloads: { type: 'number', description: 'Number of workloads that run one of them' },
});

/** Fields of vulnerabilities of the fleet. */
export const vulnerabilityFields = fieldsOf({
  ...exposure,
  id: { type: 'text', description: 'Id or alias: CVE-2024-3094' },
  kind: {
    type: 'choice',
    values: ['vulnerability', 'malware', 'supply-chain'],
    description: 'Kind; supply-chain: unmaintained or unsound packages',
  },
  fixable: { type: 'flag', description: 'A version fixes it for one of the packages' },
  certain: { type: 'flag', description: 'A version of a package was compared' },
  cvss: { type: 'number', description: 'CVSS base score, 0 to 10' },
  published: { type: 'time', description: 'Time at which it was published' },
  seen: { type: 'time', description: 'Time from which on an image has had it' },
  gone: { type: 'flag', description: 'No image has it any more; listed only if named' },
});

/** Fields of upgrades that close vulnerabilities of the fleet. */
export const upgradeFields = fieldsOf({
  ...exposure,
  fixable: { type: 'flag', description: 'A version fixes it: holds for all of them' },
  type: { type: 'text', description: 'Type of the package: deb, npm' },
  to: { type: 'text', description: 'Version to upgrade to' },
  vulnerability: { type: 'text', description: 'Vulnerability that it closes: CVE-2024-3094' },
  vulnerabilities: { type: 'number', description: 'Number of vulnerabilities that it closes' },
});
