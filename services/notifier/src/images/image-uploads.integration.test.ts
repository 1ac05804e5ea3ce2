import { type Alert, countBySeverity, type Digest, findingOf, Secret } from '@tidewaiter/domain';
import { Egress } from '@tidewaiter/egress';
import type { EventOf, imageAnalyzed } from '@tidewaiter/events';
import { channelReaders } from '@tidewaiter/receivers';
import { parseRouting } from '@tidewaiter/routing';
import { parseSettings } from '@tidewaiter/runtime';
import {
  Advisories,
  AdvisoryAges,
  AdvisoryFeeds,
  connect,
  Deliveries,
  Findings,
  Images,
  Provenances,
  Pushes,
  Store,
  StoredReports,
  Verdicts,
} from '@tidewaiter/store';
import { throwAwayServers, type ThrowAwayServers } from '@tidewaiter/testkit';
import type { DataSource } from 'typeorm';
import { v7 as uuidv7 } from 'uuid';

import { Channels } from '../delivery/channels.js';
import { ImageUploads } from './image-uploads.js';
import { StoredImages } from './stored-images.js';

let servers: ThrowAwayServers<{ postgres: true }>;
let dataSource: DataSource;
let store: Store;
let uploads: ImageUploads;

const routing = parseRouting(
  `route: { receiver: team }
receivers:
  - name: team
    webhook_configs: [ { url: "https://hook.example/" } ]
    dependency_track_configs:
      - { url: "https://dtrack.example", api_key: k, matchers: ['repository=~"shop/.*"'] }
      - { url: "https://strict.example", api_key: k, matchers: ['verdict="fail"', 'severity=~"critical|high"'] }
  - name: dojo
    defectdojo_configs: [ { url: "https://dojo.example", api_token: t } ]`,
  { channels: channelReaders, readFile: () => '' },
);
const digest: Digest = `sha256:${'a'.repeat(64)}`;
const [amd64, arm64]: [Digest, Digest] = [`sha256:${'b'.repeat(64)}`, `sha256:${'c'.repeat(64)}`];
const push = { registryHost: 'registry.example.com' };

type Analyzed = EventOf<typeof imageAnalyzed>;

const analyzed = (data: Partial<Analyzed['data']> = {}): Analyzed =>
  ({
    ...{ id: uuidv7(), time: '2026-11-29T12:00:00Z' },
    data: {
      ...{ pushId: uuidv7(), connection: 'main', repository: 'shop/cart', tag: '1', digest, previousDigest: null },
      ...{ platforms: [], counts: countBySeverity([]), verdict: 'pass', changes: null, ...data },
    },
  }) as unknown as Analyzed;

const add = async (event: Analyzed) => store.transaction(async (tx) => uploads.add(tx, event, push));
const sent = async () => {
  const rows = await store.query<{ receiver: string; channel: string; integration: number; alerts: Alert[] }>(
    'SELECT receiver, channel, integration, alerts FROM delivery ORDER BY number',
  );
  return rows.map(({ receiver, channel, integration }) => `${receiver} ${channel} ${integration}`);
};

beforeAll(async () => {
  servers = await throwAwayServers({ postgres: true });
});

beforeEach(async () => {
  dataSource = await connect({ url: new Secret(await servers.postgres.createDatabase()), poolSize: 4, name: 'test' });
  store = new Store(dataSource, 'test');
  uploads = new ImageUploads(
    new Channels(routing, new Egress({ allow: [] }), 'https://t.example', 1),
    new Deliveries(store),
  );
});

afterEach(async () => dataSource.destroy());
afterAll(async () => servers.stop());

describe('ImageUploads', () => {
  it('adds one delivery for each channel whose matchers match, and none for channels of messages', async () => {
    await add(analyzed());
    expect(await sent()).toEqual(['team dependency_track 0', 'dojo defectdojo 0']);
    expect(await store.query(`SELECT key FROM job WHERE queue = 'delivery'`)).toHaveLength(2);
    await add(analyzed({ repository: 'pay/api', verdict: 'fail', counts: { ...countBySeverity([]), high: 1 } }));
    expect((await sent()).slice(2)).toEqual(['team dependency_track 1', 'dojo defectdojo 0']);
  });

  it('adds none a second time for the same push, whatever the event is called', async () => {
    const event = analyzed();
    await add(event);
    await add({ ...event, id: uuidv7() });
    expect(await sent()).toHaveLength(2);
  });

  it('sends a push again of which more could be read, and not the same content under the same tag', async () => {
    const event = analyzed();
    await add(event);
    await add({ ...event, id: uuidv7(), data: { ...event.data, again: true } });
    expect(await sent()).toHaveLength(4);
    await add(analyzed({ previousDigest: digest }));
    expect(await sent()).toHaveLength(4);
  });
});

describe('StoredImages', () => {
  const settings = `exceptions: [ { repository: shop/*, finding: CVE-2026-2, reason: x, owner: o, until: 2999-01-31 } ]`;

  /** Leaves what the scanner leaves of an index with two platforms. */
  async function addPush(): Promise<string> {
    const [pushes, images] = [new Pushes(store), new Images(store)];
    const about = {
      claimedDigest: digest,
      artifact: 'image' as const,
      attachedTo: null,
      pushedBy: null,
      pushedAt: null,
    };
    const [id = ''] = await store.transaction(async (tx) =>
      pushes.add(tx, [{ connection: 'main', repository: 'shop/cart', tag: '1', ...about }]),
    );
    const findings = ['CVE-2026-1', 'CVE-2026-2'].map((cve) =>
      findingOf({
        ...{
          kind: 'vulnerability',
          id: cve,
          severity: 'high',
          title: cve,
          fingerprint: cve,
          layer: 0,
          state: 'present',
        },
        ...{ packageName: 'openssl', match: 'affected', evidence: {} },
      }),
    );
    const known = (await pushes.get(id))!;
    await store.transaction(async (tx) => {
      await images.add(
        tx,
        [
          ['linux/arm64', arm64],
          ['linux/amd64', amd64],
        ].map(([platform = '', each]) => ({
          ...{ digest: each as Digest, mediaType: 'm', configDigest: each as Digest, platform, layers: [], findings },
          ...{ labels: { 'org.opencontainers.image.revision': 'f00d' }, configVersion: 'c1', createdAt: null },
          ...{ baseCreatedAt: null, user: '' },
        })),
      );
      for (const each of [arm64, amd64])
        await images.analyzed(tx, each, 'a1', {
          ...{ os: null, warnings: [], findings: [], notEvaluated: [] },
          packages: [
            {
              ...{
                purl: 'pkg:deb/debian/openssl@3',
                type: 'deb',
                name: 'openssl',
                version: '3',
                licenses: [],
                key: null,
              },
              ...{
                source: { name: 'openssl', version: '3' },
                foundIn: 'var/lib/dpkg/status',
                layer: 0,
                state: 'present',
              },
            },
          ],
        });
      const resolved = { digest, mediaType: 'm', registryHost: 'registry.example.com', imageDigests: [arm64, amd64] };
      await pushes.resolved(tx, known, resolved);
      await pushes.analyzed(tx, id, { verdict: 'fail', counts: countBySeverity(findings), warnings: [] });
    });
    return id;
  }

  const stored = () => {
    const images = new Images(store);
    const { rules } = parseSettings(settings, () => '');
    const advisories = new Advisories(store);
    const ages = new AdvisoryAges(store, new AdvisoryFeeds(store, advisories));
    const verdicts = new Verdicts(images, new Findings(store), new Provenances(store), rules, ages);
    return new StoredImages(new Pushes(store), images, verdicts, new StoredReports(images, verdicts));
  };

  const named = (id: string): Alert[] => [
    {
      ...{ identity: 'x', labels: { kind: 'image', push: id }, annotations: {}, status: 'firing' },
      ...{ startsAt: '2026-11-29T12:00:00Z', endsAt: null },
    },
  ];

  it('reads the usual platform as CycloneDX, and each finding that counts once', async () => {
    const image = await stored().of(named(await addPush()));
    expect(image).toMatchObject({
      ...{ name: 'registry.example.com/shop/cart', version: '1', digest, revision: 'f00d' },
      findings: [{ id: 'CVE-2026-1' }],
    });
    const bom = JSON.parse(image!.bom) as { bomFormat: string; metadata: object; components: object[] };
    expect(bom).toMatchObject({ bomFormat: 'CycloneDX', components: [{ name: 'openssl', version: '3' }] });
    expect(JSON.stringify(bom.metadata)).toContain(amd64);
  });

  it('has none for deliveries about anything else, and fails for a push that is gone', async () => {
    const [alert] = named(uuidv7());
    expect(await stored().of([{ ...alert!, labels: { kind: 'push' } }])).toBeUndefined();
    await expect(stored().of([alert!])).rejects.toMatchObject({ code: 'PUSH_UNKNOWN', retryable: false });
  });
});
