/**
 * Cost of a scan: wall time, CPU and memory, compared with reading alone and with Trivy where it is
 * installed. See README.md.
 */
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { env, execPath } from 'node:process';
import { createGunzip } from 'node:zlib';

import { type Cost, measure, nodeFlags, row } from './measure.ts';

const tidewaiter = [execPath, ...nodeFlags, resolve(import.meta.dirname, '../cli/dist/bundle/main.js')];
const corpus = env['TIDEWAITER_CORPUS'] ?? '';
const trivy = env['TRIVY'];
const runs = Number(env['RUNS'] ?? 5);
const images = (env['IMAGES'] ?? 'debian-12-big debian-12-min python-app node-app alpine-3.18 secrets-basic').split(
  ' ',
);
if (process.argv[2] === 'floor') await floor(process.argv[3]!);
else await compare();

async function compare(): Promise<void> {
  if (!existsSync(join(corpus, 'oci'))) {
    console.error('TIDEWAITER_CORPUS must name a folder with OCI layouts in oci/NAME');
    process.exit(64);
  }
  const scratch = await mkdtemp(join(tmpdir(), 'tidewaiter-bench-'));
  console.log(`medians of ${runs} runs after one that does not count: wall s / CPU s / peak MB`);
  for (const image of images) {
    const layout = join(corpus, 'oci', image);
    const scan = (kinds: string, cache: string) => [
      ...[...tidewaiter, 'scan', `oci:${layout}`, '--kinds', kinds],
      ...['-o', 'json=/dev/null', '--quiet', '--cache-dir', join(scratch, cache)],
    ];
    const all = 'secret,integrity,malware,supply-chain,misconfiguration';
    const cold = { fresh: join(scratch, 'cold') };
    const programs: [string, string[], { fresh?: string }][] = [
      ['floor: read, gunzip, sha256', [execPath, import.meta.filename, 'floor', layout], {}],
      ['tidewaiter inventory, cold', scan('vulnerability', 'cold'), cold],
      ['tidewaiter packages and secrets, cold', scan('vulnerability,secret', 'cold'), cold],
      ['tidewaiter everything, cold', scan(all, 'cold'), cold],
      ['tidewaiter everything, known', scan(all, 'warm'), {}],
      ...(trivy ? trivyRuns(trivy, layout, scratch) : []),
    ];
    console.log(`\n${image}`);
    // The programs take turns, so that other load on the machine affects all of them.
    const costs = programs.map((): Cost[] => []);
    for (let run = 0; run <= runs; run += 1) {
      for (const [index, [, command, { fresh }]] of programs.entries()) {
        if (fresh) await rm(fresh, { recursive: true, force: true });
        const cost = await measure(command);
        if (run > 0) costs[index]!.push(cost);
      }
    }
    for (const [index, [name]] of programs.entries()) console.log(row(name, costs[index]!));
  }
  await rm(scratch, { recursive: true, force: true });
}

function trivyRuns(program: string, layout: string, scratch: string): [string, string[], { fresh?: string }][] {
  const cache = join(scratch, 'trivy');
  const common = [program, 'image', '--quiet', '--offline-scan', '--skip-db-update', '--skip-java-db-update'];
  const run = (...more: string[]) => [...common, '--cache-dir', cache, '--input', layout, ...more];
  return [
    ['trivy inventory, cold', run('--format', 'cyclonedx', '--output', '/dev/null'), { fresh: cache }],
    [
      'trivy packages and secrets, cold',
      run('--scanners', 'secret', '--format', 'json', '--output', '/dev/null'),
      { fresh: cache },
    ],
  ];
}

/**
 * Minimum work of every scanner: each blob read and hashed, unpacked, and hashed again. All layers
 * at once, as zlib's threads allow.
 */
async function floor(layout: string): Promise<void> {
  const read = (digest: string) => join(layout, 'blobs', digest.replace(':', '/'));
  const json = (path: string) => JSON.parse(readFileSync(path, 'utf8')) as { manifests: Blob[]; layers: Blob[] };
  interface Blob {
    digest: string;
    mediaType: string;
  }
  const { layers } = json(read(json(join(layout, 'index.json')).manifests[0]!.digest));
  await Promise.all(
    layers.map(async ({ digest, mediaType }) => {
      const blob = createReadStream(read(digest), { highWaterMark: 512 * 1024 });
      const packed = createHash('sha256');
      const unpacked = createHash('sha256');
      blob.on('data', (chunk) => packed.update(chunk));
      const tar = mediaType.endsWith('gzip') ? blob.pipe(createGunzip({ chunkSize: 256 * 1024 })) : blob;
      for await (const chunk of tar) unpacked.update(chunk as Buffer);
    }),
  );
}
