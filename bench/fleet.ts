import { rm, writeFile } from 'node:fs/promises';
/**
 * A fleet of images on shared bases, on a whole `up`: number of downloads and analyses of each
 * layer, time until all images have a verdict, and rate of verdicts once the bases are cached. See
 * README.md.
 */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { parseArgs } from 'node:util';

import { Secret } from '@tidewaiter/domain';
import { freePort } from '@tidewaiter/servers';
import { connect } from '@tidewaiter/store';
import { startRegistry, tarArchive } from '@tidewaiter/testkit';

import { layerContent, type Pushed, pushImage, uniqueLayer } from './images.ts';
import { secret, Stopwatch } from './stopwatch.ts';
import { makeHome, startUp } from './up.ts';

async function main(): Promise<void> {
  const { values } = parseArgs({
    options: {
      fleet: { type: 'string', default: '40' },
      more: { type: 'string', default: '200' },
      workers: { type: 'string', default: '2' },
    },
  });
  await using closing = new AsyncDisposableStack();
  const registry = await startRegistry();
  closing.defer(async () => registry.stop());
  const counter = await startCounter(registry.url);
  closing.defer(counter.stop);
  const home = await makeHome();
  closing.defer(async () => rm(home, { recursive: true, force: true }));
  await writeFile(
    join(home, 'tidewaiter.yaml'),
    `registries: [{ name: main, kind: distribution, url: "${counter.url}", webhookSecret: ${secret}, allowPrivate: true }]\n`,
  );
  const ingestPort = await freePort();
  const up = await startUp(home, ingestPort, Number(values.workers));
  closing.defer(up.stop);
  const database = await connect({ url: new Secret(up.run.urls!.database), poolSize: 4, name: 'bench' });
  closing.defer(async () => database.destroy());
  const stopwatch = new Stopwatch(ingestPort, async (sql, parameters) => database.query(sql, parameters));

  console.log(`${values.workers} scanner processes; largest base: ${layerContent}`);
  await stopwatch.timeAll([await pushImage(registry.url, 'warm/up', 'v0', tarArchive([{ path: 'warm' }]))], 1);
  const measure = async (name: string, images: readonly Pushed[]) => {
    counter.fetched.clear();
    const began = performance.now();
    const cpuBefore = up.cpuSeconds();
    await stopwatch.timeAll(images, images.length);
    const seconds = (performance.now() - began) / 1_000;
    const cpuMs = (1_000 * (up.cpuSeconds() - cpuBefore)) / images.length;
    const often = Math.max(...counter.fetched.values());
    console.log(
      `${name}: ${images.length} images in ${seconds.toFixed(2)} s, ${(images.length / seconds).toFixed(0)} a second, ${cpuMs.toFixed(0)} ms of CPU each; ` +
        `${counter.fetched.size} different blobs fetched, each ${often === 1 ? 'once' : `up to ${often} times`}`,
    );
  };
  const bases = Array.from({ length: 4 }, (_, index) => uniqueLayer(`base ${index}`));
  const runtimes = Array.from({ length: 3 }, (_, index) => runtimeLayer(index));
  const imagesOf = async (repository: string, count: number) => {
    const pushed: Pushed[] = [];
    for (let index = 0; index < count; index += 1) {
      const layers = [bases[index % 4]!, runtimes[index % 3]!, applicationLayer(`${repository} ${index}`)];
      pushed.push(await pushImage(registry.url, repository, `v${index}`, ...layers));
    }
    return pushed;
  };
  await measure('nothing known', await imagesOf('fleet/new', Number(values.fleet)));
  await measure('bases known', await imagesOf('fleet/more', Number(values.more)));
  const [{ layers, readings }] = await database.query<[{ layers: number; readings: number }]>(
    `SELECT (SELECT count(*)::int FROM layer) AS layers, count(*)::int AS readings FROM job WHERE queue = 'layer'`,
  );
  console.log(`${layers} layers are known, by ${readings} readings`);
  if (layers !== readings) process.exitCode = 1;
}

/** Layer with the files of a language runtime. */
function runtimeLayer(index: number): Buffer {
  const files = Array.from({ length: 400 }, (_, file) => [
    {
      path: `usr/lib/runtime-${index}/node_modules/m${file}/package.json`,
      content: `{"name":"m${file}","version":"1.0.${index}"}`,
    },
    {
      path: `usr/lib/runtime-${index}/node_modules/m${file}/index.js`,
      content: `module.exports = ${file};\n`.repeat(200),
    },
  ]);
  return tarArchive(files.flat());
}

/** Layer with the application of one team. */
function applicationLayer(name: string): Buffer {
  const files = Array.from({ length: 20 }, (_, file) => [
    { path: `app/node_modules/d${file}/package.json`, content: `{"name":"d${file}","version":"1.${file}.0"}` },
    { path: `app/node_modules/d${file}/index.js`, content: `// ${name}\n`.repeat(300) },
  ]);
  return tarArchive(files.flat());
}

interface Counter {
  url: string;
  /** Number of requests for each blob. */
  fetched: Map<string, number>;
  stop: () => Promise<void>;
}

/** Proxies a scanner's requests to a registry, and counts downloads of blobs. */
async function startCounter(registryUrl: string): Promise<Counter> {
  const fetched = new Map<string, number>();
  const passOn = async ({ method = 'GET', url = '', headers }: IncomingMessage, response: ServerResponse) => {
    if (method === 'GET' && url.includes('/blobs/')) fetched.set(url, (fetched.get(url) ?? 0) + 1);
    const answer = await fetch(registryUrl + url, { method, headers: { accept: headers.accept ?? '*/*' } });
    response.writeHead(
      answer.status,
      Object.fromEntries([...answer.headers].filter(([name]) => name !== 'connection')),
    );
    response.end(Buffer.from(await answer.arrayBuffer()));
  };
  const server = createServer((request, response) => void passOn(request, response));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    fetched,
    async stop() {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
}

await main();
