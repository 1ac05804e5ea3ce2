import {
  countFindings,
  findingOf,
  type ImagePackage,
  type Provenance,
  type Signature,
  type Suppressed,
  type Suppression,
  type FindingLocation,
} from '@tidewaiter/domain';

import type { Report, ReportFinding } from '../src/report.js';

const digest = (character: string) => `sha256:${character.repeat(64)}`;

const packages: ImagePackage[] = [
  deb('libssl3', '3.0.15-1~deb12u1', 'openssl'),
  deb('linux-libc-dev', '6.1.90-1', 'linux'),
  deb('openssl', '3.0.15-1~deb12u1', 'openssl'),
  { ...deb('wget', '1.21.3-1', 'wget'), state: 'shadowed' },
  deb('zlib1g', '1:1.2.13.dfsg-1', 'zlib'),
  npm('@babel/core', '7.20.0', ['MIT']),
  npm('express', '4.17.1', ['(MIT OR Apache-2.0)']),
  npm('leftpad', '1.0.0', ['see COPYING', 'GPL-2.0-only']),
  {
    type: 'maven',
    name: 'org.slf4j:slf4j-api',
    version: '1.7.36',
    source: { name: 'org.slf4j:slf4j-api', version: '1.7.36' },
    licenses: ['LicenseRef-Acme OR MIT'],
    foundIn: 'srv/lib/slf4j-api-1.7.36.jar',
    purl: 'pkg:maven/org.slf4j/slf4j-api@1.7.36',
    layer: 2,
    state: 'present',
  },
];

const findings: ReportFinding[] = [
  vulnerability('CVE-2025-1111', 'openssl', '3.0.17-1~deb12u2', {
    severity: 'critical',
    title: 'Stack overflow in CMS AuthEnvelopedData parsing lets a peer run code',
    aliases: ['DSA-5999-1', 'GHSA-aaaa-bbbb-cccc'],
    kev: true,
    epss: 0.91,
    cvss: { vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H', score: 9.8 },
  }),
  vulnerability('CVE-2025-1111', 'libssl3', '3.0.17-1~deb12u2', { severity: 'critical', kev: true, epss: 0.91 }),
  vulnerability('CVE-2025-2222', 'openssl', '3.0.16-1~deb12u1', {
    severity: 'high',
    title: 'Timing side channel in ECDSA',
  }),
  vulnerability('CVE-2024-3333', 'express', '4.19.2', {
    severity: 'medium',
    title: 'Open redirect with malformed URLs',
    cvss: { vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:R/S:C/C:L/I:L/A:N', score: 6.1 },
  }),
  vulnerability('CVE-2023-45853', 'zlib1g', null, {
    severity: 'high',
    title: 'Integer overflow in MiniZip',
    fix: { state: 'wont-fix', version: null },
  }),
  vulnerability('CVE-2024-4444', 'linux-libc-dev', null, {
    severity: 'unknown',
    match: 'unknown',
    confidence: 'possible',
  }),
  vulnerability('CVE-2024-5555', 'wget', '1.21.4-1', { severity: 'low' }),
  other('secret', 'aws-access-key-id', 'critical', {
    title: 'AWS access key id',
    path: 'app/.env',
    layer: 1,
    evidence: { masked: 'AKIA****************', line: 3, origin: 'file' },
  }),
  other('secret', 'private-key', 'high', {
    title: 'Private key',
    path: 'root/.ssh/id_ed25519',
    layer: 1,
    state: 'shadowed',
    evidence: { masked: '-----BEGIN OPENSSH PRIVATE KEY-----****', line: 1, removedInLayer: 2, origin: 'file' },
  }),
  other('secret', 'npm-token', 'high', {
    title: 'npm access token',
    layer: null,
    confidence: 'likely',
    evidence: { masked: 'npm_****', origin: 'env NPM_TOKEN' },
  }),
  other('integrity', 'package-file-modified', 'high', {
    title: 'usr/bin/passwd differs from what passwd installed',
    path: 'usr/bin/passwd',
    layer: 2,
    evidence: { expected: 'md5:0123456789abcdef0123456789abcdef', actual: 'md5:fedcba9876543210fedcba9876543210' },
  }),
  other('malware', 'coin-miner', 'critical', {
    title: 'Program that mines coins',
    path: 'usr/local/bin/kworkerds',
    layer: 2,
    confidence: 'likely',
    evidence: { signs: ['stratum+tcp:// URL', 'RandomX'] },
  }),
  other('misconfiguration', 'image-root-user', 'medium', {
    title: 'Image runs as root',
    layer: null,
    evidence: { fix: 'Add `USER` with a user of its own.', reference: 'CIS Docker Benchmark 4.1' },
  }),
  other('misconfiguration', 'dockerfile-add-remote', 'low', {
    title: 'ADD fetches https://example.com/x.tgz',
    path: 'Dockerfile',
    layer: null,
    evidence: { line: 12, fix: 'Use curl with a checksum.' },
  }),
];

const suppressed: Suppressed<ReportFinding>[] = [
  {
    ...vulnerability('CVE-2024-6666', 'openssl', '3.0.16-1~deb12u1', { severity: 'critical' }),
    by: {
      kind: 'vex',
      source: 'openssl.vex.json',
      author: 'Example Ltd',
      reason: 'the code is not in this build',
      justification: 'vulnerable_code_not_present',
      until: null,
    },
  },
  {
    ...vulnerability('CVE-2024-7777', 'express', null, { severity: 'medium' }),
    by: {
      kind: 'ignore',
      source: '.tidewaiter-ignore.yaml:2',
      author: null,
      reason: 'not reachable from outside',
      justification: null,
      until: '2027-01-31T23:59:59.999Z',
    },
  },
];

/** Report of an image with an example of everything. */
const signature: Signature = {
  verified: true,
  code: null,
  reason: null,
  signer: { name: 'release.pub', keyFingerprint: digest('5'), identity: null, issuer: null },
  subject: digest('a'),
  artifact: digest('6'),
};

const provenance: Provenance = {
  signatures: [
    signature,
    { ...signature, verified: false, code: 'SIGNER_UNKNOWN', reason: 'not signed by a configured key', signer: null },
  ],
  attestations: [
    {
      ...signature,
      kind: 'provenance',
      predicateType: 'https://slsa.dev/provenance/v1',
      builder: 'https://builder.example.com/v1',
      source: 'https://git.example.com/shop/app',
      revision: '0123456789abcdef0123456789abcdef01234567',
      builtAt: '2026-01-02T03:04:05Z',
    },
  ],
};

export const sampleReport: Report = {
  schemaVersion: 1,
  target: {
    reference: 'registry.example.com/shop/api:1.4.2',
    digest: digest('a'),
    mediaType: 'application/vnd.oci.image.manifest.v1+json',
    platform: 'linux/amd64',
    configDigest: digest('c'),
  },
  os: { id: 'debian', versionId: '12', name: 'Debian GNU/Linux 12 (bookworm)', idLike: [] },
  layers: [0, 1, 2].map((index) => ({
    index,
    digest: digest(String(index)),
    diffId: digest(String(index + 3)),
    sizeBytes: 1000 * (index + 1),
    createdBy: index === 0 ? null : `RUN step ${index}`,
  })),
  packages,
  findings,
  counts: countFindings(findings),
  provenance,
  suppressed,
  warnings: [
    { code: 'MALFORMED_FILE', path: 'usr/lib/jvm/broken.jar', message: 'not a zip archive' },
    { code: 'LIMIT_EXCEEDED', path: null, message: 'more than 1000 warnings' },
  ],
  policies: [{ name: 'no-secrets', mode: 'audit', result: 'fail', reasons: ['3 secrets in the image'] }],
  verdict: { result: 'fail', reasons: ['9 findings are high or worse'] },
  stats: {
    startedAt: '2026-11-25T10:00:00.000Z',
    durationMs: 1234,
    files: 8917,
    bytesRead: 123_456_789,
    layersAnalyzed: 2,
    layersFromCache: 1,
    advisoriesAsOf: '2026-11-24T08:00:00Z',
    advisorySources: [
      { source: 'Debian', asOf: '2026-11-24T08:00:00Z' },
      { source: 'KEV', asOf: '2026-11-25T08:00:00Z' },
    ],
  },
};

/** Report of an image without findings and without facts. */
export const emptyReport: Report = {
  ...sampleReport,
  target: { reference: 'rootfs:/srv/empty', digest: null, mediaType: null, platform: null, configDigest: null },
  os: null,
  layers: [],
  packages: [],
  findings: [],
  counts: countFindings([]),
  provenance: null,
  suppressed: [],
  warnings: [],
  policies: [],
  verdict: { result: 'pass', reasons: [] },
  stats: { ...sampleReport.stats, files: 0, advisoriesAsOf: null, advisorySources: [] },
};

/** Incomplete report that must not look like a clean one. */
export const unknownReport: Report = {
  ...sampleReport,
  findings: [],
  counts: countFindings([]),
  verdict: {
    result: 'unknown',
    reasons: ['no advisories were given: packages were not evaluated', 'usr/x.jar: not a zip archive'],
  },
};

/**
 * Report of an image with a package that an advisory calls malware, and a program that looks like
 * malware.
 */
export const malwareReport: Report = {
  ...sampleReport,
  findings: [
    ...findings.filter(({ kind }) => kind === 'malware'),
    {
      ...vulnerability('MAL-2025-7777', 'leftpad', null, { severity: 'critical' }),
      kind: 'malware',
      evidence: { advisory: 'MAL-2025-7777', source: 'npm' },
    },
  ],
};

/** The sample with the same text in place of every untrusted text. */
export function hostileReport(text: string): Report {
  const { target, os, warnings } = sampleReport;
  return {
    ...sampleReport,
    target: { ...target, reference: text, mediaType: text, platform: text },
    os: { ...os!, id: text, versionId: text, name: text, idLike: [text] },
    layers: sampleReport.layers.map((layer) => ({ ...layer, createdBy: text })),
    packages: packages.map((each) => hostilePackage(each, text)),
    findings: findings.map((each) => hostileFinding(each, text)),
    provenance: hostileProvenance(text),
    suppressed: suppressed.map((each) => ({ ...hostileFinding(each, text), by: hostileSuppression(each.by, text) })),
    warnings: warnings.map(() => ({ code: text, path: text, message: text })),
    policies: [{ name: text, mode: 'enforce', result: 'fail', reasons: [text] }],
    verdict: { result: 'unknown', reasons: [text, text] },
    stats: { ...sampleReport.stats, advisoriesAsOf: text, advisorySources: [{ source: text, asOf: text }] },
  };
}

function hostilePackage(each: ImagePackage, text: string): ImagePackage {
  const source = { name: text, version: text };
  return { ...each, name: text, version: text, arch: text, purl: text, source, licenses: [text, text], foundIn: text };
}

function hostileProvenance(text: string): Provenance {
  const signer = { name: text, keyFingerprint: text, identity: text, issuer: text };
  const hostile = { ...signature, reason: text, signer };
  const facts = { predicateType: text, builder: text, source: text, revision: text, builtAt: '2026-01-02T03:04:05Z' };
  return { signatures: [hostile], attestations: [{ ...hostile, kind: 'provenance', ...facts }] };
}

function hostileFinding(each: ReportFinding, text: string): ReportFinding {
  const { kind, fix, cvss, evidence } = each;
  return {
    ...each,
    id: text,
    aliases: [text],
    title: text,
    fingerprint: text,
    purl: text,
    packageName: text,
    installedVersion: text,
    path: kind === 'misconfiguration' ? null : text,
    fix: { ...fix, version: fix.version === null ? null : text },
    cvss: cvss && { ...cvss, vector: text },
    evidence: { ...evidence, masked: text, origin: text, fix: text, expected: text, signs: [text], [text]: text },
    ...(kind === 'secret' && { locations: [hostileLocation(text, 0), hostileLocation(text, 1)], moreLocations: 3 }),
  };
}

function hostileLocation(text: string, layer: number): FindingLocation {
  const named = { path: layer === 0 ? text : null, origin: text, name: text, rule: text, title: text, masked: text };
  return { ...named, layer, line: 1, state: 'shadowed', severity: 'high', confidence: 'likely', package: text };
}

function hostileSuppression({ kind }: Suppression, text: string): Suppression {
  return { kind, source: text, author: text, reason: text, justification: text, until: text };
}

function deb(name: string, version: string, source: string): ImagePackage {
  return {
    type: 'deb',
    name,
    version,
    arch: 'amd64',
    source: { name: source, version },
    licenses: [],
    foundIn: 'var/lib/dpkg/status',
    purl: `pkg:deb/debian/${name}@${version}?arch=amd64&distro=debian-12`,
    layer: 0,
    state: 'present',
  };
}

function npm(name: string, version: string, licenses: string[]): ImagePackage {
  const foundIn = `app/node_modules/${name}/package.json`;
  const purl = `pkg:npm/${name.replace('@', '%40')}@${version}`;
  return { type: 'npm', name, version, source: { name, version }, licenses, foundIn, purl, layer: 1, state: 'present' };
}

function vulnerability(
  id: string,
  packageName: string,
  fixed: string | null,
  known: Partial<ReportFinding> & Pick<ReportFinding, 'severity'>,
): ReportFinding {
  const { purl, version, foundIn, layer, state } = packages.find(({ name }) => name === packageName)!;
  return {
    ...findingOf({
      kind: 'vulnerability',
      id,
      title: `Vulnerability of ${packageName}`,
      fingerprint: `${id}-${packageName}`,
      purl,
      packageName,
      installedVersion: version,
      path: foundIn,
      layer,
      state,
      fix: { state: fixed === null ? 'not-fixed' : 'fixed', version: fixed },
      ...known,
    }),
    kev: known.kev ?? false,
    epss: known.epss ?? null,
  };
}

function other(
  kind: ReportFinding['kind'],
  id: string,
  severity: ReportFinding['severity'],
  known: Partial<ReportFinding> & Pick<ReportFinding, 'title' | 'layer' | 'evidence'>,
): ReportFinding {
  const fingerprint = `${id}-${known.path ?? ''}`;
  return { ...findingOf({ kind, id, severity, fingerprint, state: 'present', ...known }), kev: false, epss: null };
}
