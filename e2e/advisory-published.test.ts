import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { freePort } from '@tidewaiter/servers';
import {
  buildImage,
  describeWith,
  mailSink,
  type MailSink,
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

import { hardened } from './fixtures.js';
import {
  makeHome,
  quiet,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from './tidewaiter.js';

interface List<Item> {
  items: Item[];
}

interface Push {
  repository: string;
  state: string;
  verdict: string | null;
  counts: Record<string, number> | null;
}

interface Finding {
  id: string;
  severity: string;
  match: string;
  installedVersion: string;
  path: string;
  evidence: Record<string, unknown>;
}

const hookSecret = 'hook-secret-of-the-test';
const log4Shell = 'CVE-2021-44228';
const incompleteFix = 'CVE-2021-45046';

const pom = (group: string, artifact: string, version: string): ZipFile => ({
  name: `META-INF/maven/${group}/${artifact}/pom.properties`,
  content: `version=${version}\ngroupId=${group}\nartifactId=${artifact}\n`,
});
const log4jPom = (version: string) => pom('org.apache.logging.log4j', 'log4j-core', version);
const classes = (folder: string, ...names: string[]): ZipFile[] =>
  names.map((name) => ({ name: `${folder}/log4j/core/${name}.class`, content: Buffer.from('cafebabe', 'hex') }));
const log4jClasses = (folder = 'org/apache/logging') => classes(folder, 'LoggerContext', 'lookup/JndiLookup');
const nested = (name: string, ...files: ZipFile[]): ZipFile => ({ name, content: zipArchive(files), isStored: true });
const archive = (path: string, ...files: ZipFile[]): TarEntry => ({ path, content: zipArchive(files) });

const jarName = 'log4j-core-2.14.1.jar';

/** All forms in which an image can contain Log4j, by repository name. */
const images = {
  direct: archive(`opt/lib/${jarName}`, log4jPom('2.14.1'), ...log4jClasses()),
  nested: archive(
    'srv/shop.ear',
    nested('shop.war', nested(`WEB-INF/lib/${jarName}`, log4jPom('2.14.1'), ...log4jClasses())),
  ),
  shaded: archive('opt/shop.jar', pom('com.acme', 'shop', '1.0.0'), log4jPom('2.14.1'), ...log4jClasses()),
  relocated: archive('opt/tool.jar', pom('com.acme', 'tool', '1.0.0'), ...log4jClasses('com/acme/shaded')),
  mitigated: archive(
    `opt/lib/${jarName}`,
    log4jPom('2.14.1'),
    ...classes('org/apache/logging', 'LoggerContext', 'lookup/MapLookup'),
  ),
  fixed: archive('opt/lib/log4j-core-2.17.1.jar', log4jPom('2.17.1'), ...log4jClasses()),
};
type Name = keyof typeof images;

const vulnerable: Name[] = ['direct', 'nested', 'relocated', 'shaded'];

interface Advisory {
  id: string;
  alias: string;
  summary: string;
  vector: string;
  /** Pairs of `introduced` and `fixed`. */
  ranges: [introduced: string, fixed: string][];
}

// GitHub's advisories in OSV form, without their prose.
const advisories: Advisory[] = [
  {
    id: 'GHSA-jfh8-c2jp-5v3q',
    alias: log4Shell,
    summary: 'Remote code injection in Log4j',
    vector: 'CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H',
    ranges: [
      ['2.13.0', '2.15.0'],
      ['0', '2.3.1'],
      ['2.4', '2.12.2'],
    ],
  },
  {
    id: 'GHSA-7rjr-3q55-vv33',
    alias: incompleteFix,
    summary: 'Incomplete fix for Apache Log4j vulnerability',
    vector: 'CVSS:3.1/AV:N/AC:H/PR:N/UI:N/S:C/C:H/I:H/A:H',
    ranges: [
      ['2.13.0', '2.16.0'],
      ['0', '2.12.2'],
    ],
  },
];

/** One record as OSV writes it; `changes` are what its authors changed later. */
function recordOf({ id, alias, summary, vector, ranges }: Advisory, changes: object = {}): object {
  return {
    schema_version: '1.7.0',
    id,
    modified: '2022-03-25T20:56:18Z',
    published: '2021-12-10T00:40:56Z',
    aliases: [alias],
    summary,
    severity: [{ type: 'CVSS_V3', score: vector }],
    affected: ranges.map(([introduced, fixed]) => ({
      package: { ecosystem: 'Maven', name: 'org.apache.logging.log4j:log4j-core' },
      ranges: [{ type: 'ECOSYSTEM', events: [{ introduced }, { fixed }] }],
    })),
    database_specific: { severity: 'CRITICAL', github_reviewed: true },
    ...changes,
  };
}

let slack: SlackSink;
let mail: MailSink;
let registry: TestRegistry;
let tidewaiter: Tidewaiter;
const digests = new Map<string, string>();

async function publish(...records: object[]): Promise<void> {
  const folder = temporaryFolder();
  for (const [index, record] of records.entries()) writeFileSync(join(folder, `${index}.json`), JSON.stringify(record));
  await tidewaiter.command('advisories', 'import', folder);
}

/** The verdicts of all images, by the name of their repository. */
async function verdicts(): Promise<Record<string, string | null>> {
  const { items } = await tidewaiter.api<List<Push>>('/pushes?limit=200');
  const analyzed = items.filter(({ state }) => state === 'analyzed');
  return Object.fromEntries(analyzed.map(({ repository, verdict }) => [repository.replace('shop/', ''), verdict]));
}

async function verdictsAre(expected: Record<Name, string>): Promise<void> {
  let found: Record<string, string | null> = {};
  await until('verdicts follow', async () => {
    found = await verdicts();
    return Object.entries(expected).every(([name, verdict]) => found[name] === verdict);
  }).catch((error: unknown) => {
    expect(found).toEqual(expected);
    throw error;
  });
}

async function findingsOf(name: Name): Promise<Finding[]> {
  return (await tidewaiter.api<List<Finding>>(`/images/${digests.get(name)}/findings`)).items;
}

/** Images that a message names. */
function namedIn(text: string): string[] {
  return Object.keys(images)
    .filter((name) => text.includes(`shop/${name}:1`))
    .toSorted();
}

beforeAll(async () => {
  [slack, mail] = await Promise.all([slackSink(), mailSink()]);
  const ingestPort = await freePort();
  registry = await startRegistry({
    notify: {
      url: `http://127.0.0.1:${ingestPort}/hooks/registry/main`,
      headers: { Authorization: `Bearer ${hookSecret}` },
    },
  });
  const home = makeHome({
    'tidewaiter.yaml': `
registries:
  - { name: main, kind: distribution, url: "${registry.url}", webhookSecret: ${hookSecret}, allowPrivate: true }
`,
    'routing.yaml': `
global:
  smtp_smarthost: 127.0.0.1:${mail.port}
  smtp_from: tidewaiter@example.com
  smtp_require_tls: false
route: { receiver: security, group_by: [repository, tag], group_interval: 1s }
receivers:
  - name: security
    slack_configs: [ { api_url: "${slack.webhookUrl}", send_resolved: true } ]
    email_configs: [ { to: security@example.com } ]
`,
  });
  tidewaiter = await startTidewaiter(home, ingestPort);
  for (const [name, entry] of Object.entries(images)) {
    const dir = temporaryFolder();
    await buildImage(dir, { layers: [[entry]], config: hardened });
    digests.set(name, await pushImage(registry, `shop/${name}:1`, `oci:${dir}:latest`));
  }
  // There is no advisory data for Maven yet, which is not the same as nothing found.
  await verdictsAre({
    direct: 'unknown',
    nested: 'unknown',
    shaded: 'unknown',
    relocated: 'unknown',
    mitigated: 'unknown',
    fixed: 'unknown',
  });
  // From here on no image can be pulled.
  await registry.stop();
}, 240_000);

afterAll(async () => {
  await tidewaiter?.stop();
  await Promise.all([registry?.stop(), slack?.stop(), mail?.stop()]);
  await removeFolders();
});

describeWith(programs('docker-registry', 'skopeo'))('advisories about Log4j, published long after the scan', () => {
  beforeAll(async () => {
    await publish(...advisories.map((each) => recordOf(each)));
    await Promise.all([slack.waitFor(1), mail.waitFor(1)]);
    await quiet();
  });

  it('are one Slack message with exactly the vulnerable images', () => {
    const messages = slack.received.map(({ body }) => JSON.stringify(body));
    expect(messages).toHaveLength(1);
    expect(namedIn(messages[0]!)).toEqual(vulnerable);
    for (const part of [log4Shell, incompleteFix, 'Critical', 'log4j-core: 4 images'])
      expect(messages[0]).toContain(part);
  });

  it('are one mail with the upgrade that fixes both', () => {
    expect(mail.received).toHaveLength(1);
    const [{ mail: message }] = mail.received as [(typeof mail.received)[number]];
    expect(message.subject).toMatch(/Critical.*log4j-core: 4 images/);
    expect(namedIn(message.text!)).toEqual(vulnerable);
    for (const part of ['2.14.1', '2.16.0', 'version not comparable']) expect(message.text).toContain(part);
  });

  it('are findings of each image, at the path of the jar', async () => {
    const place = async (name: Name) => (await findingsOf(name)).map(({ id, severity, path }) => [id, severity, path]);
    const both = (path: string) => [
      [log4Shell, 'critical', path],
      [incompleteFix, 'critical', path],
    ];
    expect(await place('direct')).toEqual(both(`opt/lib/${jarName}`));
    expect(await place('nested')).toEqual(both(`srv/shop.ear!/shop.war!/WEB-INF/lib/${jarName}`));
    expect(await place('shaded')).toEqual(both('opt/shop.jar'));
    expect(await place('relocated')).toEqual(both('opt/tool.jar'));
    expect(await place('fixed')).toEqual([]);
  });

  it('name the compared versions, and the mitigation of a patched jar', async () => {
    expect(await findingsOf('direct')).toMatchObject([
      { installedVersion: '2.14.1', match: 'affected', evidence: { range: '>= 2.13.0, < 2.15.0' } },
      { installedVersion: '2.14.1', match: 'affected', evidence: { range: '>= 2.13.0, < 2.16.0' } },
    ]);
    expect(await findingsOf('relocated')).toMatchObject([{ match: 'unknown' }, { match: 'unknown' }]);
    const mitigation = expect.stringContaining('JndiLookup.class was removed') as unknown;
    expect(await findingsOf('mitigated')).toMatchObject([
      { id: log4Shell, severity: 'negligible', evidence: { mitigation } },
      { id: incompleteFix, severity: 'negligible', evidence: { mitigation } },
    ]);
  });

  it('are listed by the API with their images', async () => {
    const { items, counts } = await tidewaiter.api<
      List<{ repository: string; digest: string; isMitigated: boolean }> & {
        counts: { images: number; mitigated: number };
      }
    >(`/blast-radius?vulnerability=${log4Shell}`);
    const having = await Promise.all(
      (Object.keys(images) as Name[]).map(async (name) => {
        const found = (await findingsOf(name)).find(({ id }) => id === log4Shell);
        return found ? [`shop/${name} ${digests.get(name)} ${'mitigation' in found.evidence}`] : [];
      }),
    );
    const listed = items.map(({ repository, digest, isMitigated }) => `${repository} ${digest} ${isMitigated}`);
    expect(listed.toSorted()).toEqual(having.flat().toSorted());
    expect(counts).toMatchObject({ images: 5, mitigated: 1 });
  });

  it('update verdicts, also from fail to pass', async () => {
    await verdictsAre({
      direct: 'fail',
      nested: 'fail',
      shaded: 'fail',
      relocated: 'fail',
      mitigated: 'pass',
      fixed: 'pass',
    });
  });
});

describeWith(programs('docker-registry', 'skopeo'))('corrected advisories', () => {
  it('are resolved by a withdrawal, with a message to the same receivers', async () => {
    const modified = '2026-01-01T00:00:00Z';
    await publish(recordOf(advisories[1]!, { modified, withdrawn: modified }));
    const message = JSON.stringify((await slack.waitFor(2)).at(-1)!.body);
    expect(message).toContain(`Resolved · ${incompleteFix}`);
    expect(namedIn(message)).toEqual(vulnerable);
    expect((await findingsOf('direct')).map(({ id }) => id)).toEqual([log4Shell]);
  });

  it('are resolved by a correction for exactly the images that it excludes', async () => {
    const modified = '2026-01-02T00:00:00Z';
    const corrected: Advisory = { ...advisories[0]!, ranges: [['2.13.0', '2.14.1']] };
    await publish(recordOf(corrected, { modified }));
    const message = JSON.stringify((await slack.waitFor(3)).at(-1)!.body);
    expect(message).toContain(`Resolved · ${log4Shell}`);
    // The version of relocated classes is unknown, so they may still be affected.
    expect(namedIn(message)).toEqual(['direct', 'nested', 'shaded']);
    await verdictsAre({
      direct: 'pass',
      nested: 'pass',
      shaded: 'pass',
      relocated: 'fail',
      mitigated: 'pass',
      fixed: 'pass',
    });
    await quiet();
    expect(slack.received).toHaveLength(3);
    expect(mail.received).toHaveLength(1);
  });
});
