/** A fact: its type in CEL, and what it says. */
type Fact = readonly [type: string, about: string];

const timestamp = 'google.protobuf.Timestamp';

/** Fields of what is asked in lists. */
export const itemTypes = {
  Finding: {
    kind: ['string', 'vulnerability, secret, misconfiguration, integrity, malware or supply-chain'],
    id: ['string', 'the id people know: a CVE, or the id of a rule'],
    aliases: ['list<string>', 'its other ids'],
    severity: ['string', 'critical, high, medium, low, negligible or unknown'],
    title: ['string', 'what it is, in words'],
    fingerprint: ['string', 'the same across versions and digests'],
    package: ['string', 'name of the package'],
    version: ['string', 'installed version'],
    purl: ['string', 'the package, in full'],
    path: ['string', 'the file, without leading slash'],
    layer: ['int', 'the layer that brought it, 0 at the bottom'],
    counted: ['bool', 'not hidden by a later layer; of secrets always'],
    fixable: ['bool', 'some version closes it'],
    fixedIn: ['string', 'that version'],
    kev: ['bool', "in CISA's catalogue of exploited vulnerabilities"],
    epss: ['double', 'probability of exploitation in 30 days, 0 to 1'],
    cvss: ['double', 'base score, 0 to 10'],
    confidence: ['string', 'certain, likely or possible'],
    published: [timestamp, 'when the advisory was published'],
  },
  Package: {
    purl: ['string', 'the package, in full'],
    type: ['string', 'deb, apk, rpm, npm, …'],
    name: ['string', 'as advisories write it'],
    version: ['string', 'verbatim'],
    licenses: ['list<string>', 'SPDX expressions or names'],
    counted: ['bool', 'not hidden by a later layer'],
  },
} as const satisfies Record<string, Record<string, Fact>>;

/** Facts of which there is one each. */
export const groups = {
  image: {
    reference: ['string', 'as it was asked for'],
    digest: ['string', 'of its manifest'],
    tag: ['string', ''],
    platform: ['string', 'linux/amd64'],
    createdAt: [timestamp, 'when it says that it was built'],
    baseCreatedAt: [timestamp, 'when its lowest layer was made'],
    user: ['string', 'whom it runs as; empty for root'],
    labels: ['map<string, string>', ''],
  },
  os: { id: ['string', 'debian, alpine, …'], versionId: ['string', '12, 3.20.3'] },
  provenance: {
    signed: ['bool', 'somebody who is trusted has signed the image'],
    signers: ['list<string>', 'who'],
    builders: ['list<string>', 'builder ids of verified provenance'],
    sources: ['list<string>', 'source repositories of verified provenance'],
    revisions: ['list<string>', 'source revisions of verified provenance'],
  },
  repository: {
    name: ['string', 'registry.example.com/shop/cart'],
    signerRequired: ['bool', 'the settings ask for a signature'],
  },
  advisories: {
    asOf: [timestamp, 'when the newest advisory was modified'],
    age: ['google.protobuf.Duration', 'how long ago that was'],
  },
} as const satisfies Record<string, Record<string, Fact>>;

/** Facts that stand alone. */
export const single = {
  findings: ['list<Finding>', 'what is wrong and was not suppressed'],
  packages: ['list<Package>', 'what it is made of'],
  running: ['bool', 'a workload runs it, or is about to'],
  now: [timestamp, ''],
} as const satisfies Record<string, Fact>;

/** Functions beside those of CEL. */
export const functions = {
  'days(int): google.protobuf.Duration': 'so many days: `now - finding.published > days(14)`',
  'day(google.protobuf.Timestamp): string': '`2026-06-30`: for messages',
  'string.glob(string): bool': '`*` within one part of a path, `**` across: `finding.path.glob("app/**")`',
  'count(list, string, string): string': '`1 finding is`, `2 findings are`: for messages',
  'ids(list<Finding>): string': 'the first ten ids: for messages',
} as const;
