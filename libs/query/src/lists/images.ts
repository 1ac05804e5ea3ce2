import { severities, verdicts } from '@tidewaiter/domain';

import { fieldsOf } from '../fields.js';

/** Fields of images. */
export const imageFields = fieldsOf({
  image: { type: 'text', description: 'Repository and tag under which it was pushed: shop/app:1' },
  repository: { type: 'text', description: 'Repository to which it was pushed: shop/app' },
  tag: { type: 'text', description: 'Tag under which it was pushed' },
  registry: { type: 'text', description: 'Host of the registry of its newest push' },
  digest: { type: 'text', description: 'Digest of the image, or of an index that holds it' },
  owner: { type: 'match', description: 'Owner of its repository, by the settings or a label of its newest image' },
  verdict: { type: 'choice', values: verdicts, description: 'Verdict of its newest push; unknown: not evaluated' },
  severity: { type: 'rank', values: severities, description: 'Severity of the worst finding of its newest push' },
  current: { type: 'flag', description: 'A tag points to it' },
  running: { type: 'flag', description: 'A workload runs it, or did in the last day' },
  package: { type: 'match', description: 'Package with its versions: openssl<3.0.14' },
  vulnerability: { type: 'match', description: 'Vulnerability of a package: CVE-2024-3094' },
  kev: { type: 'flag', description: 'A package has a vulnerability in a list of known exploited ones' },
  epss: { type: 'number', description: 'EPSS probability of a vulnerability of a package, 0 to 1' },
  fixable: { type: 'flag', description: 'A package has a vulnerability that a version fixes' },
  secret: { type: 'flag', description: 'It holds a secret' },
  os: { type: 'text', description: 'Distribution with its version: debian:12' },
  base: { type: 'text', description: 'Base image that a label names: debian:12' },
  platform: { type: 'text', description: 'Platform: linux/amd64' },
  user: { type: 'text', description: 'User that it runs as' },
  unread: { type: 'flag', description: 'A layer could not be read' },
  created: { type: 'time', description: 'Time at which it was built' },
  pushed: { type: 'time', description: 'Time of its newest push' },
});

/** Fields of repositories. */
export const repositoryFields = fieldsOf({
  repository: { type: 'text', description: 'Name: shop/app' },
  registry: { type: 'text', description: 'Host of the registry' },
  connection: { type: 'text', description: 'Name of the registry in the settings' },
  owner: { type: 'match', description: 'Owner, by the settings or a label of its newest image' },
  verdict: { type: 'choice', values: verdicts, description: 'Verdict of its newest push; unknown: not evaluated' },
  severity: { type: 'rank', values: severities, description: 'Severity of the worst finding under its tags' },
  failed: { type: 'flag', description: 'A tag points to an image that failed' },
  running: { type: 'flag', description: 'A workload runs an image of a tag, or did in the last day' },
  tags: { type: 'number', description: 'Number of tags' },
  pushed: { type: 'time', description: 'Time of its newest push' },
  source: { type: 'text', description: 'Source repository that a label of its newest image names' },
});
