import { InvalidInput } from '@tidewaiter/domain';
import { noPolicy } from '@tidewaiter/facts';
import { registryKind } from '@tidewaiter/webhooks';

import { parseSettings, readSettings } from './settings.js';

const noFiles = () => {
  throw new Error('no such file');
};

const problemsOf = (text: string) => {
  try {
    parseSettings(text, noFiles);
  } catch (error) {
    if (error instanceof InvalidInput) return error.message;
    throw error;
  }
  return 'none';
};

it('starts a new installation with nothing connected', () => {
  expect(readSettings(undefined)).toEqual({
    access: { ci: [], oidc: undefined, sessions: { idleMs: 43_200_000, absoluteMs: 604_800_000 } },
    registries: [],
    sensors: [],
    pipelines: [],
    releases: [],
    signers: [],
    fixLimits: { critical: 15, high: 30, medium: 90, low: 180 },
    identity: { learnFrom: 5 },
    signatureGraceMs: 120_000,
    owners: { rules: [], labels: [] },
    management: { allowPrivate: false },
    fileEntries: [],
    egressAllow: [],
    platforms: ['linux/amd64', 'linux/arm64'],
    rules: {
      statements: [],
      exceptions: [],
      policies: [],
      written: [],
      signedRepositories: [],
      onIncomplete: 'warn',
    },
    advisories: { maxAges: { usualMs: 604_800_000, named: {} } },
    containment: { automatic: [], signingKey: undefined, validForMs: 900_000 },
    admission: {
      mode: 'warn',
      unknown: 'deny',
      exemptNamespaces: ['kube-system', 'kube-public', 'kube-node-lease', 'tidewaiter'],
      allowUnauthenticated: false,
    },
    reports: [],
    runtime: noPolicy,
    templates: [],
    slackSigningSecret: undefined,
  });
});

it('reads the folder of templates, or says that it cannot', () => {
  const files = [{ path: 'words/push.title.liquid', text: 'x' }];
  expect(parseSettings('templates: { dir: words }', noFiles, (dir) => (dir === 'words' ? files : []))).toMatchObject({
    templates: files,
  });
  expect(() => parseSettings('templates: { dir: words }', noFiles, noFiles)).toThrow(
    'templates.dir: cannot read words',
  );
});

it('reads how workloads are meant to behave', () => {
  const { runtime } = parseSettings(
    `
runtime:
  builderNamespaces: [ci]
  allowedEgress: { shop/api: [192.0.2.0/28, "*.example.com"] }
  learningPeriod: 7d
`,
    noFiles,
  );
  expect(runtime).toEqual({
    ...noPolicy,
    builderNamespaces: ['ci'],
    allowedEgress: { 'shop/api': ['192.0.2.0/28', '*.example.com'] },
    learningMs: 7 * 86_400_000,
  });
});

it('reads how long sessions last', () => {
  const { access } = parseSettings('access: { sessions: { idle: 30m, absolute: 1d } }', noFiles);
  expect(access.sessions).toEqual({ idleMs: 30 * 60_000, absoluteMs: 86_400_000 });
  const problems = problemsOf('access: { sessions: { idle: 0, absolute: 91d, ilde: 1h } }');
  for (const problem of [
    'access.sessions.idle: must be from 1m to 30d',
    'access.sessions.absolute: must be from 1m to 90d',
    'access.sessions.ilde: unknown key',
  ]) {
    expect(problems).toContain(problem);
  }
});

it('reads the provider of OpenID Connect, with its secret from a file', () => {
  const { access } = parseSettings(
    `
access:
  oidc:
    issuer: https://id.example.com
    clientId: tidewaiter
    clientSecretFile: oidc
    roles: [{ group: security, role: admin }]
`,
    (path) => `secret of ${path}`,
    undefined,
    'console',
  );
  expect(access.oidc).toMatchObject({
    ...{ issuer: 'https://id.example.com', groupsClaim: 'groups', defaultRole: undefined, clockSkewMs: 30_000 },
    roles: [{ group: 'security', role: 'admin' }],
  });
  expect(access.oidc?.clientSecret?.reveal()).toBe('secret of oidc');
});

it.each([
  ['{ issuer: "http://id.example.com", clientId: a }', 'access.oidc.issuer: must be https, unless allowPrivate is set'],
  ['{ issuer: "https://id.example.com" }', 'access.oidc.clientId: '],
  ['{ issuer: id, clientId: a }', 'access.oidc.issuer: '],
  ['{ issuer: "https://id.example.com", clientId: a, scopes: [email] }', 'access.oidc.scopes: must have openid'],
  ['{ issuer: "https://id.example.com", clientId: a, scope: x }', 'access.oidc.scope: unknown key'],
  [
    '{ issuer: "https://id.example.com", clientId: a, roles: [{ group: a, role: root }] }',
    'access.oidc.roles[0].role: ',
  ],
  [
    '{ issuer: "https://id.example.com", clientId: a, roles: [{ group: a, role: admin, owners: [b] }] }',
    'access.oidc.roles[0].role: has no limits: only gate, viewer, responder may',
  ],
  [
    '{ issuer: "https://id.example.com", clientId: a, roles: [{ group: a, role: viewer, namespaces: [""] }] }',
    'access.oidc.roles[0].namespaces[0]: ',
  ],
  [
    '{ issuer: "https://id.example.com", clientId: a, clientSecret: a, clientSecretFile: b }',
    'access.oidc.clientSecret: give the value or the file, not both',
  ],
])('refuses access.oidc %s', (oidc, problem) => {
  expect(problemsOf(`access: { oidc: ${oidc} }`)).toContain(problem);
});

it('reads who answers for what', () => {
  const { owners } = parseSettings(
    `
owners:
  - { repository: "shop/*", owner: team-shop }
  - { namespace: payments, owner: team-payments }
ownerLabels: [com.example.team]
`,
    noFiles,
  );
  expect(owners).toEqual({
    rules: [
      { repository: 'shop/*', owner: 'team-shop' },
      { namespace: 'payments', owner: 'team-payments' },
    ],
    labels: ['com.example.team'],
  });
  expect(problemsOf('owners: [ { owner: nobody } ]')).toContain(
    'owners[0]: names neither a repository nor a namespace',
  );
});

it('reads registries and sensors, and secrets from files', () => {
  const settings = parseSettings(
    `
registries:
  - { name: main, kind: distribution, url: "http://127.0.0.1:5000", webhookSecretFile: hook,
      credentials: { username: scanner, passwordFile: password }, allowPrivate: true }
sensors: [ { name: falco-eu1, kind: falco, cluster: eu1, token: t0ken } ]
`,
    (path) => `secret of ${path}`,
  );

  const [registry] = settings.registries;
  expect(registry).toMatchObject({
    name: 'main',
    kind: registryKind('distribution'),
    allowPrivate: true,
    insecureSkipVerify: false,
  });
  expect(registry?.webhookSecret?.reveal()).toBe('secret of hook');
  expect(registry?.credentials?.password.reveal()).toBe('secret of password');
  expect(settings.sensors[0]).toMatchObject({ name: 'falco-eu1', cluster: 'eu1' });
  expect(JSON.stringify(settings)).not.toContain('t0ken');
});

it('reads of which hook the failed deliveries are asked for again', () => {
  const registry = (kind: string, redeliver: string) =>
    `registries: [ { name: gh, kind: ${kind}, url: "https://registry.example.com", redeliver: { ${redeliver} } } ]`;
  const [read] = parseSettings(registry('ghcr', 'hook: orgs/acme/hooks/1, token: t0ken'), noFiles).registries;
  expect(read?.redeliver).toMatchObject({ hook: 'orgs/acme/hooks/1', allowPrivate: false, intervalMs: 900_000 });
  const [never] = parseSettings(registry('ghcr', 'hook: orgs/acme/hooks/1, token: t, every: 0'), noFiles).registries;
  expect(never?.redeliver?.intervalMs).toBe(0);
  expect(problemsOf(registry('ghcr', 'hook: orgs/acme/hooks/1'))).toContain(
    'registries[0].redeliver.token: is missing',
  );
  expect(problemsOf(registry('ghcr', 'hook: orgs/../user, token: t'))).toContain('registries[0].redeliver.hook: is no');
  expect(problemsOf(registry('quay', 'hook: orgs/acme/hooks/1, token: t'))).toContain(
    'registries[0].redeliver: is for the kind ghcr',
  );
});

describe('a sensor', () => {
  const sensorsOf = (...lines: string[]) =>
    parseSettings(`sensors:\n${lines.map((line) => `  - { ${line} }\n`).join('')}`, (path) => `text of ${path}`)
      .sensors;

  it('is known by any word for its kind, and missed after ten minutes unless it is quiet by nature', () => {
    const kinds = sensorsOf(
      'name: a, kind: k8s_audit, token: t',
      'name: b, kind: cloudtrail, token: t',
      'name: c, kind: tetragon, token: t, silentAfter: 90s',
      'name: d, kind: falco, token: t, silentAfter: never',
      'name: e, kind: guardduty, token: t, silentAfter: 1d',
    );
    expect(kinds.map(({ kind, silentAfterMs }) => [kind, silentAfterMs])).toEqual([
      ['kubernetes-audit', 600_000],
      ['cloudtrail', null],
      ['tetragon', 90_000],
      ['falco', null],
      ['guardduty', 86_400_000],
    ]);
  });

  it('may prove itself by a topic, and say where its fields stand', () => {
    const topicArn = 'arn:aws:sns:eu-west-1:123456789012:cloudtrail';
    expect(
      sensorsOf(
        `name: aws, kind: cloudtrail, topicArn: "${topicArn}", snsCertificateFile: sns.pem`,
        'name: own, kind: generic, token: t, fields: { at: ts, process.executable: proc.exe }',
      ),
    ).toMatchObject([
      { sns: { topicArn, certificate: 'text of sns.pem' } },
      { kind: 'generic', fields: { at: 'ts', 'process.executable': 'proc.exe' }, silentAfterMs: null },
    ]);
  });

  it.each([
    ['kind: auditd', 'sensors[0].kind'],
    ['kind: generic', 'sensors[0].fields: is missing'],
    ['kind: falco, fields: { at: ts }', 'sensors[0].fields: is for the kind generic'],
    ['kind: generic, fields: { nonsense: ts }', 'sensors[0].fields'],
    ['kind: falco, silentAfter: soon', 'sensors[0].silentAfter: is no duration'],
    ['kind: falco, topicArn: somewhere', 'sensors[0].topicArn: is no ARN'],
  ])('is refused with %s', (line, problem) => {
    expect(problemsOf(`sensors: [ { name: a, token: t, ${line} } ]`)).toContain(problem);
  });
});

it('reads who must sign, and what', () => {
  const { signers } = parseSettings(
    `
signers:
  - { name: release, keyFile: release.pub, repositories: ["shop/*"] }
  - { name: workflow, identity: "https://git.example.com/*", issuer: "https://token.example.com", trustedRoot: "{}" }
`,
    (path) => `text of ${path}`,
  );
  expect(signers).toEqual([
    { name: 'release', repositories: ['shop/*'], key: 'text of release.pub' },
    {
      name: 'workflow',
      repositories: ['*'],
      identity: 'https://git.example.com/*',
      issuer: 'https://token.example.com',
      trustedRoot: '{}',
    },
  ]);
});

it('reads by what images are evaluated', () => {
  const files: Record<string, string> = {
    'own.cel': 'size(findings) < 3',
    'own.vex': '{"@context": "https://openvex.dev/ns", "statements": []}',
  };
  const { rules } = parseSettings(
    `
policies: [ { name: no-secrets, mode: warn, repositories: ["shop/*"] }, { name: few, file: own.cel } ]
exceptions: [ { repository: "shop/*", finding: CVE-2024-0001, reason: "not reachable", owner: team-shop, until: 2027-01-31 } ]
vex: [ own.vex ]
`,
    (path) => files[path]!,
  );
  expect(rules.policies.map(({ name, mode }) => [name, mode])).toEqual([
    ['no-secrets', 'warn'],
    ['few', 'enforce'],
  ]);
  expect(rules.exceptions).toMatchObject([{ finding: 'CVE-2024-0001', owner: 'team-shop', source: 'exceptions[0]' }]);
});

it('reads days within which to fix, and has no limit for what is left out', () => {
  expect(parseSettings('fixLimits: { critical: 7, unknown: 0 }', noFiles).fixLimits).toEqual({
    critical: 7,
    unknown: 0,
  });
  expect(parseSettings('fixLimits: {}', noFiles).fixLimits).toEqual({});
  expect(problemsOf('fixLimits: { urgent: 7 }')).toContain('fixLimits');
  expect(problemsOf('fixLimits: { high: -1 }')).toContain('fixLimits.high');
});

it('reads reports with their rights', () => {
  const { reports } = parseSettings(
    `reports:
  - { name: all, schedule: weekly, receiver: team }
  - { name: shop, schedule: 0 7 * * mon, location: Europe/Berlin, receiver: shop, by: owner, query: kev, repositories: [shop/*] }`,
    noFiles,
  );
  expect(reports).toEqual([
    {
      ...{ name: 'all', by: 'repository', query: 'severity>=high', schedule: 'weekly', location: 'UTC' },
      ...{ receiver: 'team', scopes: null },
    },
    {
      ...{
        name: 'shop',
        by: 'owner',
        query: 'kev',
        schedule: '0 7 * * mon',
        location: 'Europe/Berlin',
        receiver: 'shop',
      },
      scopes: [{ repositories: ['shop/*'], clusters: [], namespaces: [], owners: [] }],
    },
  ]);
});

it.each([
  ['schedule: hourly', 'reports[0].schedule: expected daily, weekly, monthly'],
  ['schedule: "*/5 * * * *"', 'reports[0].schedule: must name one minute of the hour'],
  ['schedule: weekly, location: Mars/Base', 'reports[0].location: expected the name of a time zone'],
  ['schedule: weekly, query: "severty>=high"', 'reports[0].query: column 1: no field "severty"'],
  ['schedule: weekly, by: team', 'reports[0].by: '],
])('refuses a report with %s', (keys, problem) => {
  expect(problemsOf(`reports: [ { name: unfixed, receiver: team, ${keys} } ]`)).toContain(problem);
});

it('names every wrong key at once, and no value', () => {
  const problems = problemsOf(`
registries:
  - { name: main, kind: nexus9, url: "ftp://x", password: hunter2 }
sensors: [ { name: "Not A Name", kind: falco } ]
colour: blue
`);
  expect(problems).toContain('registries[0].kind');
  expect(problems).toContain('registries[0].url');
  expect(problems).toContain('registries[0].password: unknown key');
  expect(problems).toContain('sensors[0].name');
  expect(problems).toContain('colour: unknown key');
  expect(problems).not.toContain('hunter2');
});

it.each([
  ['a secret given twice', 'sensors: [ { name: a, kind: falco, token: x, tokenFile: y } ]', 'not both'],
  ['a secret file that is not there', 'sensors: [ { name: a, kind: falco, tokenFile: y } ]', 'cannot read y'],
  [
    'a name that is there twice',
    'sensors: [ { name: a, kind: falco }, { name: a, kind: falco } ]',
    'sensors: a is there twice',
  ],
  ['a policy that nobody wrote', 'policies: [ { name: a } ]', 'policies[0]: no policy a comes with Tidewaiter'],
  ['a policy whose file is not there', 'policies: [ { name: a, file: a.cel } ]', 'policies[0].file: cannot read a.cel'],
  [
    'an exception for ever',
    'exceptions: [ { repository: "*", finding: CVE-1, reason: r, owner: o } ]',
    'exceptions[0].until',
  ],
  [
    'an exception of nobody',
    'exceptions: [ { repository: "*", finding: CVE-1, reason: r, until: 2027-01-01 } ]',
    'exceptions[0].owner: is missing',
  ],
  [
    'an exception for a pattern',
    'exceptions: [ { repository: "*", finding: "*", reason: r, owner: o, until: 2027-01-01 } ]',
    'exceptions[0].finding: expected the id of a vulnerability or rule, or a fingerprint; patterns are not supported',
  ],
  ['a range that is none', 'runtime: { internalRanges: [10.0.0.0/33] }', 'runtime.internalRanges[0]: is no range'],
  ['a VEX document that is not there', 'vex: [ a.json ]', 'vex[0]: cannot read a.json'],
  ['a key that is there twice', 'sensors: []\nsensors: []', 'line 2: not valid YAML (DUPLICATE_KEY)'],
  ['an alias of nothing', 'sensors: *x', 'an alias has no anchor'],
  [
    'credentials without a password',
    'registries: [ { name: a, kind: harbor, url: "https://r", credentials: { username: x } } ]',
    'registries[0].credentials.password: is missing',
  ],
  ...[
    '{ name: a }',
    '{ name: a, key: x, identity: y }',
    '{ name: a, key: x, trustedRoot: y }',
    '{ name: a, identity: y, trustedRoot: z }',
    '{ name: a, identity: y, issuer: z }',
  ].map((signer) => [`the signer ${signer}`, `signers: [ ${signer} ]`, 'signers[0]: give keyFile, or identity']),
  ['a signer of nothing', 'signers: [ { name: a, key: x, repositories: [] } ]', 'signers[0].repositories'],
  ['a key that is not there', 'signers: [ { name: a, keyFile: y } ]', 'signers[0].keyFile: cannot read y'],
  ['no mapping', '- 1', 'expected object'],
])('refuses %s', (_, text, problem) => {
  expect(problemsOf(text)).toContain(problem);
});

it.each(['sensors:\n  - token: hunter2: oops', 'sensors:\n  - token: "hunter2'])(
  'says where a file is not YAML, and not what stands there',
  (text) => {
    expect(problemsOf(text)).toMatch(/line \d+: not valid YAML/);
    expect(problemsOf(text)).not.toContain('hunter2');
  },
);

describe('mirrors and certificates of a registry', () => {
  const one = (more: string) => `registries: [ { name: main, kind: harbor, url: "https://r.example", ${more} } ]`;

  it('are read with the files that they name', () => {
    const { registries } = parseSettings(
      one(
        `caFile: ca.pem, clientCertFile: me.pem, clientKeyFile: me.key, insecure: true,
         mirrors: [ { url: "https://m.example/hub", credentials: { username: u, passwordFile: pass }, gives: both }, { url: "http://n.example" } ]`,
      ),
      (path) => `text of ${path}`,
    );
    expect(registries[0]).toMatchObject({
      ca: 'text of ca.pem',
      client: { certificate: 'text of me.pem' },
      insecureSkipVerify: true,
      mirrors: [
        { url: 'https://m.example/hub', gives: 'both', insecureSkipVerify: false },
        { url: 'http://n.example', gives: 'digests', credentials: undefined },
      ],
    });
    expect(registries[0]?.client?.key.reveal()).toBe('text of me.key');
    expect(registries[0]?.mirrors[0]?.credentials?.password.reveal()).toBe('text of pass');
  });

  it.each([
    ['clientCertFile: a', 'registries[0].clientKeyFile: is missing'],
    ['clientKeyFile: a', 'registries[0].clientCertFile: is missing'],
    ['mirrors: [ { url: "https://m", clientKeyFile: a } ]', 'registries[0].mirrors[0].clientCertFile: is missing'],
    ['mirrors: [ { url: "ftp://m" } ]', 'registries[0].mirrors[0].url'],
    ['mirrors: [ { url: "https://m", gives: tags } ]', 'registries[0].mirrors[0].gives'],
  ])('are refused with %s', (text, problem) => {
    expect(problemsOf(one(text))).toContain(problem);
  });
});

describe('ages of advisories', () => {
  it('are limited by source', () => {
    const { advisories } = parseSettings(
      'advisories: { maxAge: 1d, maxAges: { KEV: 12h, Red Hat VEX: 14d } }',
      () => '',
    );
    expect(advisories.maxAges).toEqual({
      usualMs: 86_400_000,
      named: { KEV: 43_200_000, 'Red Hat VEX': 1_209_600_000 },
    });
  });

  it.each([
    ['maxAge: 0', 'advisories.maxAge: must be more than 0'],
    ['maxAges: { KEV: soon }', 'advisories.maxAges.KEV: is neither 0 nor a duration such as 30s, 15m or 1h'],
  ])('cannot be %s', (text, expected) => {
    expect(() => parseSettings(`advisories: { ${text} }`, () => '')).toThrow(expected);
  });
});

describe('the secrets of a service', () => {
  const text = `
registries:
  - { name: main, kind: distribution, url: "https://r.example", webhookSecretFile: hook, clientKeyFile: key,
      clientCertFile: certificate, credentials: { username: u, passwordFile: password } }
  - { name: gh, kind: ghcr, url: "https://ghcr.io", redeliver: { hook: orgs/a/hooks/1, tokenFile: github } }
sensors: [ { name: falco, kind: falco, tokenFile: sensor } ]
pipelines: [ { name: ci, kind: token, tokenFile: pipeline } ]
signers: [ { name: release, keyFile: signer, repositories: ["*"] } ]
slack: { signingSecretFile: slack }
`;
  const certificates = ['certificate'];

  it.each<[string | undefined, string[]]>([
    ['ingest', ['hook', 'sensor', 'pipeline', 'slack']],
    ['scanner', ['password', 'key', 'github', 'signer']],
    ['detector', []],
    ['notifier', []],
    ['console', []],
    [undefined, ['hook', 'password', 'key', 'github', 'sensor', 'pipeline', 'signer', 'slack']],
  ])('of %s are read, and no others', (service, expected) => {
    const read: string[] = [];
    const settings = parseSettings(text, (path) => `${(read.push(path), path)} text`, undefined, service);
    expect(read.filter((path) => !certificates.includes(path)).toSorted()).toEqual(expected.toSorted());
    expect(settings.pipelines).toHaveLength(1);
    expect(settings.slackSigningSecret).toBeDefined();
  });
});
