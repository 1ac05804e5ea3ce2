import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { currentRun, freePort } from '@tidewaiter/servers';
import { buildImage, describeWith, programs, pushImage, startRegistry, type TestRegistry } from '@tidewaiter/testkit';

import { debian13, dpkgStatus } from './fixtures.js';
import {
  launcher,
  makeHome,
  removeFolders,
  startTidewaiter,
  temporaryFolder,
  type Tidewaiter,
  until,
} from './tidewaiter.js';

const secret = 'hook-secret-of-the-test';
const layersPerImage = 10;

let registry: TestRegistry;
let slowRegistry: Server;
let tidewaiter: Tidewaiter;
const scanners: ChildProcess[] = [];
/** Downloaded layer blobs, in the order of their requests. */
const downloads: string[] = [];
let layerBlobs: string[] = [];

/** Proxies the registry, counts the blobs and delays each, like a distant registry. */
async function startSlowRegistry(): Promise<string> {
  slowRegistry = createServer((incoming, outgoing) => {
    const digest = /\/blobs\/(sha256:[0-9a-f]{64})$/.exec(incoming.url ?? '')?.[1];
    const isLayer = digest !== undefined && layerBlobs.includes(digest);
    if (isLayer) downloads.push(digest);
    const forward = () => {
      const onward = request(
        `${registry.url}${incoming.url}`,
        { method: incoming.method, headers: incoming.headers },
        (answer) => {
          outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
          answer.pipe(outgoing);
        },
      );
      onward.on('error', () => outgoing.destroy());
      incoming.pipe(onward);
    };
    setTimeout(forward, isLayer ? 400 : 0);
  }).listen(0, '127.0.0.1');
  await once(slowRegistry, 'listening');
  return `http://127.0.0.1:${(slowRegistry.address() as AddressInfo).port}`;
}

beforeAll(async () => {
  registry = await startRegistry();
  const home = makeHome({
    'tidewaiter.yaml': `registries: [ { name: main, kind: distribution, url: "${await startSlowRegistry()}", webhookSecret: ${secret}, allowPrivate: true } ]`,
  });
  tidewaiter = await startTidewaiter(home, await freePort());
});

afterAll(async () => {
  for (const scanner of scanners) scanner.kill();
  await tidewaiter?.stop();
  slowRegistry?.close();
  await registry?.stop();
  await removeFolders();
});

/** `service scanner` beside the `up` of the same folder. */
function startScanner(): ChildProcess {
  return spawn(launcher, ['service', 'scanner'], {
    env: { ...process.env, TIDEWAITER_HOME: tidewaiter.home, TIDEWAITER_HTTP_PORT: '0', TIDEWAITER_LOG_LEVEL: 'info' },
  });
}

async function announce(tag: string, digest: string): Promise<void> {
  const target = { mediaType: 'application/vnd.oci.image.manifest.v1+json', digest, repository: 'app', tag };
  const answer = await fetch(`${tidewaiter.ingestUrl}/hooks/registry/main`, {
    method: 'POST',
    headers: { authorization: `Bearer ${secret}` },
    body: JSON.stringify({ events: [{ id: tag, action: 'push', timestamp: new Date().toISOString(), target }] }),
  });
  expect(answer.status).toBe(202);
}

describeWith(programs('docker-registry', 'skopeo'))('several scanners', () => {
  it('share the work, and lose nothing and repeat no finished layer when one is killed', async () => {
    const layout = temporaryFolder();
    const shared = Array.from({ length: layersPerImage }, (_, index) => [
      { path: `opt/layer-${index}`, content: `${index}` },
    ]);
    const digests: string[] = [];
    for (const name of ['one', 'two', 'three']) {
      const image = await buildImage(layout, {
        tag: name,
        layers: [[debian13], ...shared, [dpkgStatus({ [name]: '1' })]],
      });
      layerBlobs = [...new Set([...layerBlobs, ...image.layerDigests])];
      digests.push(await pushImage(registry, `app:${name}`, `oci:${layout}:${name}`));
    }
    scanners.push(startScanner(), startScanner());
    const logs = scanners.map((scanner) => {
      const lines: string[] = [];
      scanner.stdout?.on('data', (chunk: Buffer) => lines.push(...chunk.toString().split('\n')));
      return lines;
    });
    await until(
      'both scanners run',
      () => logs.every((lines) => lines.some((line) => line.includes('service start'))),
      30_000,
    );

    await Promise.all(digests.map((digest, index) => announce(`tag-${index}`, digest)));
    const isWorking = (lines: string[]) => lines.some((line) => line.includes('layer analysis done'));
    await until('a scanner has read a layer', () => logs.some(isWorking));
    scanners[logs.findIndex(isWorking)]!.kill('SIGKILL');
    await sleep(100);
    const inFlight = 2 * 2;
    const atTheKill = downloads.length;

    await until(
      'every push has its verdict',
      async () => {
        const { items } = await tidewaiter.api<{ items: { state: string }[] }>('/pushes');
        return items.length === 3 && items.every(({ state }) => state === 'analyzed');
      },
      // The bus redelivers the killed scanner's messages after 30 seconds; its jobs' leases end
      // after 15.
      150_000,
    );
    // Shared layers were read once for all three images; only those in progress in the killed
    // scanner were read again.
    expect(new Set(downloads).size).toBe(layersPerImage + 4);
    expect(downloads.length - new Set(downloads).size).toBeLessThanOrEqual(inFlight);
    expect(atTheKill).toBeLessThan(downloads.length);
    expect(logs.every(isWorking)).toBe(true);
  }, 240_000);
});

describe('a scanner of `up --workers`', () => {
  it('is started again when it ends by itself', async () => {
    const other = await startTidewaiter(makeHome({}), await freePort(), '--workers', '2');
    const pidOf = async () => {
      const run = await currentRun(join(other.home, '.tidewaiter'));
      return run!.processes.find(({ name }) => name === 'scanner-2')!.pid;
    };
    const first = await pidOf();
    process.kill(first, 'SIGKILL');
    await until('another one runs', async () => (await pidOf()) !== first);
    expect(process.kill(await pidOf(), 0)).toBe(true);
    await other.stop();
  }, 180_000);
});
