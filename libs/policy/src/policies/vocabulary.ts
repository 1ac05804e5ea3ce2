/** Fact with its type in CEL and its description. */
type Fact = readonly [type: string, about: string];

const timestamp = 'google.protobuf.Timestamp';

/** Fields of the items of lists. */
export const itemTypes = {
  Finding: {
    kind: ['string', 'vulnerability, secret, misconfiguration, integrity, malware or supply-chain'],
    id: ['string', 'a CVE, or the id of a rule'],
    aliases: ['list<string>', 'its other ids'],
    severity: ['string', 'critical, high, medium, low, negligible or unknown'],
    title: ['string', 'title'],
    fingerprint: ['string', 'the same across versions and digests'],
    package: ['string', 'name of the package'],
    version: ['string', 'installed version'],
    purl: ['string', 'the package, in full'],
    path: ['string', 'the file, without leading slash'],
    layer: ['int', 'index of its layer, 0 at the bottom'],
    counted: ['bool', 'not removed in a later layer, and no uncertain match of a program; always true for secrets'],
    fixable: ['bool', 'a version fixes it'],
    fixedIn: ['string', 'that version'],
    kev: ['bool', "in a list of exploited vulnerabilities: CISA's, or another that is synced"],
    epss: ['double', 'probability of exploitation in 30 days, 0 to 1'],
    cvss: ['double', 'base score, 0 to 10'],
    confidence: ['string', 'certain, likely or possible'],
    reachability: ['string', 'of the vulnerable functions in Go programs: linked, not-linked or unknown'],
    published: [timestamp, 'when the advisory was published'],
    locations: ['list<Location>', 'every place of a secret; the file of other findings'],
  },
  Location: {
    path: ['string', 'the file, without leading slash'],
    line: ['int', 'line in the file'],
    layer: ['int', 'index of its layer, 0 at the bottom'],
    deleted: ['bool', 'removed in a later layer'],
    origin: ['string', 'file, or env, label, history, cmd or entrypoint of the configuration'],
    rule: ['string', 'the rule that matched here'],
    title: ['string', 'its title'],
    severity: ['string', 'severity here'],
    confidence: ['string', 'certain, likely or possible'],
  },
  Package: {
    purl: ['string', 'the package, in full'],
    type: ['string', 'deb, apk, rpm, npm, …'],
    name: ['string', 'as advisories write it'],
    version: ['string', 'verbatim'],
    licenses: ['list<string>', 'SPDX expressions or names'],
    counted: ['bool', 'not removed in a later layer'],
  },
} as const satisfies Record<string, Record<string, Fact>>;

/** Groups of facts about the image. */
export const groups = {
  image: {
    reference: ['string', 'reference of the request'],
    digest: ['string', 'digest of the manifest'],
    tag: ['string', 'tag of the reference'],
    platform: ['string', 'linux/amd64'],
    createdAt: [timestamp, 'build time in its configuration'],
    baseCreatedAt: [timestamp, 'build time of its lowest layer'],
    user: ['string', 'user; empty for root'],
    labels: ['map<string, string>', 'labels of the configuration'],
  },
  os: { id: ['string', 'debian, alpine, …'], versionId: ['string', '12, 3.20.3'] },
  provenance: {
    signed: ['bool', 'a trusted signer has signed the image'],
    signers: ['list<string>', 'names of the signers'],
    builders: ['list<string>', 'builder ids of verified provenance'],
    sources: ['list<string>', 'source repositories of verified provenance'],
    revisions: ['list<string>', 'source revisions of verified provenance'],
  },
  repository: {
    name: ['string', 'registry.example.com/shop/cart'],
    signerRequired: ['bool', 'the settings require a signature'],
  },
  advisories: {
    asOf: [timestamp, 'when the newest advisory was modified'],
    age: ['google.protobuf.Duration', 'time since then'],
  },
} as const satisfies Record<string, Record<string, Fact>>;

/** Single facts. */
export const single = {
  findings: ['list<Finding>', 'findings that are not suppressed'],
  packages: ['list<Package>', 'packages of the image'],
  running: ['bool', 'a workload runs it, or is about to'],
  now: [timestamp, 'current time'],
} as const satisfies Record<string, Fact>;

/** Functions in addition to CEL's. */
export const functions = {
  'days(int): google.protobuf.Duration': 'a number of days: `now - finding.published > days(14)`',
  'day(google.protobuf.Timestamp): string': '`2026-06-30`: for messages',
  'string.glob(string): bool': '`*` within one part of a path, `**` across: `finding.path.glob("app/**")`',
  'count(list, string, string): string': '`1 finding is`, `2 findings are`: for messages',
  'ids(list<Finding>): string': 'the first ten ids: for messages',
} as const;
