import { createHash, generateKeyPairSync, randomBytes } from 'node:crypto';

import { currentRun, freePort } from '@tidewaiter/servers';
import {
  buildImage,
  type BuiltImage,
  describeWith,
  mailSink,
  type MailSink,
  programs,
  pushImage,
  startRegistry,
  type TarEntry,
  type TestRegistry,
} from '@tidewaiter/testkit';

import { leaksIn } from '../canaries.js';
import { debian13, dpkgStatus } from '../fixtures.js';
import { readAnswers, readRedis, readStreams, readTables, type StoredTexts } from '../stored-text.js';
import {
  makeHome,
  removeFolders,
  runIn,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from '../tidewaiter.js';

// A build copies keys into a layer, uses them, and deletes them in the next one: everyone who can
// pull the image still has them.

interface SecretFinding {
  kind: string;
  id: string;
  path: string | null;
  layer: number | null;
  state: string;
  evidence: { masked: string; removedInLayer?: number; valueFingerprint: string };
}

const hookSecret = 'hook-secret-of-the-scenario';
const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';
const random = (length: number, alphabet: string) =>
  Array.from(randomBytes(length), (byte) => alphabet[byte % alphabet.length]).join('');
const base64 = (length: number) => random(length, `${letters}abcdefghijklmnopqrstuvwxyz0189+/`);

const privateKey = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({
  type: 'pkcs8',
  format: 'pem',
}) as string;
const keys = {
  gcs: privateKey.split('\n')[3]!,
  hmac: base64(40),
  aws: `AKIA${random(16, letters)}`,
};
const secrets = Object.entries(keys).map(([name, secret]) => ({ name, text: secret, secret }));
/** From the documentation of AWS, and in thousands of images. */
const documented = ['AKIAIOSFODNN7', 'EXAMPLE'].join('');

const awsFile = (content = `[default]\naws_access_key_id = ${keys.aws}\n`): TarEntry => ({
  path: 'build/aws/credentials',
  content,
});
const added: TarEntry[] = [
  {
    path: 'build/gcs.json',
    content: JSON.stringify({ type: 'service_account', project_id: 'shop', private_key: privateKey }),
  },
  { path: 'build/hmac.env', content: `GCS_KEY=GOOG1E${random(55, letters)}\nGCS_SECRET=${keys.hmac}\n` },
  awsFile(),
];
const deleted: TarEntry[] = added.map(({ path }) => ({ path: path.replace(/([^/]+)$/, '.wh.$1'), content: '' }));
const steps = [
  'ADD rootfs.tar.gz /',
  'RUN apt-get install dash',
  'COPY . /app',
  'COPY build /build',
  'RUN upload.sh && rm -r /build',
];

describeWith(programs('docker-registry', 'skopeo'))('a key that a later layer deletes', () => {
  let mail: MailSink;
  let registry: TestRegistry;
  let tidewaiter: Tidewaiter;
  let image: BuiltImage;
  let other: BuiltImage;
  let reference: string;
  let findings: SecretFinding[];

  beforeAll(async () => {
    process.env['TIDEWAITER_FINGERPRINT_KEY'] = randomBytes(24).toString('hex');
    mail = await mailSink();
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
global: { smtp_smarthost: "127.0.0.1:${mail.port}", smtp_from: tidewaiter@example.com, smtp_require_tls: false }
route: { receiver: all }
receivers: [ { name: all, email_configs: [ { to: security@example.com } ] } ]
`,
    });
    tidewaiter = await startTidewaiter(home, ingestPort);
    reference = `${registry.host}/shop/app:1`;
    image = await push('shop/app:1', [
      [debian13, dpkgStatus({ dash: '1' })],
      [{ path: 'etc/app/sample.conf', content: `aws_access_key_id = ${documented}\n` }],
      [{ path: 'app/main.sh', content: 'exec sleep 1\n' }],
      added,
      deleted,
    ]);
    other = await push('shop/tool:1', [[debian13, dpkgStatus({ dash: '1' })], [awsFile()]]);
    findings = await secretsOf(image);
  }, 240_000);

  afterAll(async () => {
    delete process.env['TIDEWAITER_FINGERPRINT_KEY'];
    await tidewaiter?.stop();
    await Promise.all([registry?.stop(), mail?.stop()]);
    await removeFolders();
  });

  async function push(name: string, layers: TarEntry[][]): Promise<BuiltImage> {
    const dir = temporaryFolder();
    const built = await buildImage(dir, { layers, steps: steps.slice(0, layers.length) });
    await pushImage(registry, name, `oci:${dir}:latest`);
    await until(`${name} is analyzed`, async () => {
      const { items } = await tidewaiter.api<{ items: { digest: string | null; state: string }[] }>('/pushes');
      return items.some(({ digest, state }) => digest === built.digest && state === 'analyzed');
    });
    return built;
  }

  async function secretsOf({ digest }: BuiltImage): Promise<SecretFinding[]> {
    const { items } = await tidewaiter.api<{ items: SecretFinding[] }>(`/images/${digest}/findings`);
    return items.filter(({ kind }) => kind === 'secret');
  }

  const run = async (...args: string[]) => runIn(tidewaiter.home, ...args);
  const scan = async (...args: string[]) =>
    run('scan', reference, '--insecure', '--kinds', 'secret', '--fail-on', 'high', ...args);

  it('reports one finding for each of the three keys, and none for the documented one', () => {
    expect(findings.map(({ id, path }) => `${id} ${path}`).toSorted()).toEqual([
      'aws-access-token build/aws/credentials',
      'gcp-hmac-secret build/hmac.env',
      'gcp-service-account build/gcs.json',
    ]);
  });

  it('names for each the layer that deleted it and the layer that contains it', () => {
    const places = findings.map(({ layer, state, evidence }) => [layer, state, evidence.removedInLayer]);
    expect(places).toEqual([
      [3, 'shadowed', 4],
      [3, 'shadowed', 4],
      [3, 'shadowed', 4],
    ]);
  });

  it('announces each as deleted but recoverable, with its build step', async () => {
    const announced = () =>
      mail.received.map(({ mail: { text = '' } }) => text).find((text) => text.includes('gcs.json'));
    await until('the push is announced', () => announced() !== undefined);
    for (const { path } of added)
      expect(announced()).toMatch(new RegExp(`${path}[^\\n]*deleted in layer 4, recoverable`));
    expect(announced()).toContain('COPY build /build');
  });

  it("prints digest and build step of each key's layer in a scan", async () => {
    const { code, stdout } = await scan('-o', 'json');
    const report = JSON.parse(stdout) as {
      layers: { digest: string; createdBy: string }[];
      findings: SecretFinding[];
    };
    expect(code).toBe(1);
    expect(report.findings).toHaveLength(3);
    for (const { layer, evidence } of report.findings) {
      expect(report.layers[layer!]).toMatchObject({ digest: image.layerDigests[3], createdBy: 'COPY build /build' });
      expect(report.layers[evidence.removedInLayer!]).toMatchObject({ createdBy: 'RUN upload.sh && rm -r /build' });
    }
    const known = new Set(findings.map(({ evidence }) => evidence.valueFingerprint));
    expect(new Set(report.findings.map(({ evidence }) => evidence.valueFingerprint))).toEqual(known);
  }, 60_000);

  it('fails a scan and a gate', async () => {
    const { code, stdout } = await scan();
    expect(code).toBe(1);
    expect(stdout).toContain('deleted in layer 4');
    const gate = await run('gate', reference, '--insecure', '--kinds', 'secret', '--fail-on', 'high');
    expect(gate.code).toBe(1);
  }, 60_000);

  it('stores a fingerprint and a mask, and never the value', async () => {
    for (const { evidence } of findings) {
      expect(evidence.valueFingerprint).toMatch(/^[0-9a-f]{64}$/);
      expect(evidence.masked).toMatch(/\*{4}|^-----BEGIN PRIVATE KEY-----$/);
    }
    const places: StoredTexts = new Map();
    const { urls } = (await currentRun(`${tidewaiter.home}/.tidewaiter`))!;
    await readTables(urls!.database, places);
    await readStreams(urls!.nats, places);
    await readRedis(urls!.redis, places);
    await readAnswers(tidewaiter, places);
    places.set('log', JSON.stringify(tidewaiter.log()));
    places.set('messages', JSON.stringify(mail.received));
    for (const format of ['json', 'sarif', 'table']) places.set(`scan ${format}`, (await scan('-o', format)).stdout);
    expect(leaksIn(places, secrets)).toEqual([]);
    const plain = createHash('sha256').update(keys.aws).digest('hex');
    expect([...places].filter(([, text]) => text.includes(plain))).toEqual([]);
    expect(places.get('table image_finding')).toContain(findings[0]!.evidence.valueFingerprint);
  }, 120_000);

  it('gives the same key in another image the same fingerprint', async () => {
    const [present] = await secretsOf(other);
    expect(present).toMatchObject({ id: 'aws-access-token', state: 'present' });
    const { evidence } = findings.find(({ id }) => id === 'aws-access-token')!;
    expect(present!.evidence.valueFingerprint).toBe(evidence.valueFingerprint);
  });

  it('finds all images with a key by its fingerprint', async () => {
    const { evidence } = findings.find(({ id }) => id === 'aws-access-token')!;
    const { stdout } = await tidewaiter.command('find', `secret=${evidence.valueFingerprint}`, '-o', 'json');
    for (const { digest } of [image, other]) expect(stdout).toContain(digest);
    const { evidence: hmac } = findings.find(({ id }) => id === 'gcp-hmac-secret')!;
    const alone = await tidewaiter.command('find', `secret=${hmac.valueFingerprint}`, '-o', 'json');
    expect(alone.stdout).toContain(image.digest);
    expect(alone.stdout).not.toContain(other.digest);
  }, 60_000);
});
