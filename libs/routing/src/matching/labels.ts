/**
 * Meaning of each label of Tidewaiter's alerts. Routes may match on any label; alerts have these.
 * An empty label counts as absent.
 */
export const documentedLabels = {
  kind: 'The subject of the alert: [kinds](#kinds).',
  severity: 'The worst severity in the alert: `critical`, `high`, `medium`, `low`, `negligible` or `unknown`.',
  repository: 'The repository without registry, tag or digest: `shop/checkout`.',
  tag: 'The tag that was pushed, or that the running container was started with.',
  digest: 'The digest of the image: `sha256:` and 64 hex digits.',
  package: 'The package that the finding is about: `openssl`.',
  namespace: 'The Kubernetes namespace in which it happened.',
  workload: 'The workload, `namespace/Kind/name`, or the pod where no more is known.',
  cluster: 'The cluster, as the sensor connection in `tidewaiter.yaml` names it.',
  running:
    '`true` when a container of the image runs, or did in the last day; `false` when sensors report other containers only; absent without reports of containers.',
  kev: '`true` for a vulnerability that is known to be exploited (KEV), `false` for other findings; absent for incidents and sensors.',
  fixable: '`true` when an upgrade closes at least one finding in the alert; else `false`.',
  new: '`true` when what the push is [compared with](releases.md) did not have it; else `false`.',
  owner: 'The owner of the image or the namespace: [owners](#owners). Absent without one.',
  sensor: 'The sensor connection that went stale.',
  rule: 'The rule that opened the incident, or the id of the finding.',
  code: 'Why a push could not be analyzed: `MANIFEST_INVALID`, `REGISTRY_FORBIDDEN`.',
  technique: 'The first MITRE ATT&CK technique of an incident: `T1611`.',
  finding: 'The first sign of an incident: `drift`, `miner`.',
} as const;
