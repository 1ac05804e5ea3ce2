/** Cost of image facts and the container ledger for each event, and in memory. See README.md. */
import { cpuUsage, memoryUsage } from 'node:process';

import type { Observation } from '@tidewaiter/domain';
import { factContext, factField, factsFromFile, type ImageFile, PackedManifest, packManifest } from '@tidewaiter/facts';
import { ContainerLedger } from '@tidewaiter/workloads';

const rounds = 300_000;
const containers = 100_000;
const alive = 20_000;
const hash = 'a'.repeat(64);
const digest = `sha256:${hash}`;

const path = (index: number) =>
  `/usr/lib/python3/dist-packages/package_${index % 500}/part_${index % 37}/module_${index}.py`;
const file = (index: number): ImageFile => ({ path: path(index), sha256: hash, package: `package-${index % 500}` });

/** CPU microseconds of one call. */
function microseconds(calls: number, run: (call: number) => void): number {
  for (let call = 0; call < calls / 10; call += 1) run(call);
  const start = cpuUsage();
  for (let call = 0; call < calls; call += 1) run(call);
  return cpuUsage(start).user / calls;
}

function printFigure(what: string, value: number, unit: string): void {
  console.log(`  ${what.padEnd(64)} ${value.toFixed(2).padStart(10)} ${unit}`);
}

function timeManifests(): void {
  console.log('Files of images');
  for (const files of [50_000, 1_000_000]) {
    const manifest = packManifest(Array.from({ length: files }, (_, index) => file(index)));
    const known = Array.from({ length: 1000 }, () => path(Math.floor(Math.random() * files)));
    const unknown = known.map((each) => `${each}c`);
    const links = packManifest([
      ...Array.from({ length: 1000 }, (_, index) => file(index)),
      { path: '/bin', sha256: null, package: null, linkTarget: 'usr/bin' },
      { path: '/usr/bin/dash', sha256: hash, package: 'dash' },
      { path: '/usr/bin/sh', sha256: null, package: null, linkTarget: 'dash' },
    ]);
    printFigure(`bytes of ${files} files`, manifest.bytes.length / 1e6, 'MB');
    printFigure(
      `look-up of a file that is there, of ${files}`,
      microseconds(rounds, (call) => manifest.get(known[call % 1000]!)),
      'us',
    );
    printFigure(
      `look-up of a file that is not there, of ${files}`,
      microseconds(rounds, (call) => manifest.get(unknown[call % 1000]!)),
      'us',
    );
    if (files === 50_000)
      printFigure(
        'look-up through two links',
        microseconds(rounds, () => links.get('/bin/sh')),
        'us',
      );
    printFigure(
      `reading ${files} files that were kept`,
      microseconds(20, () => new PackedManifest(Buffer.from(manifest.bytes))),
      'us',
    );
  }
}

function exec(index: number, idLength = 64): Observation {
  const id = (index * 2_654_435_761).toString(16).padStart(16, '0').repeat(4).slice(0, idLength);
  const pod = { namespace: `team-${index % 100}`, name: `app-${index}-x`, uid: null, workload: `app-${index % 5000}` };
  return {
    ...{
      id: 'e',
      source: 'tetragon',
      sensor: 's',
      cluster: 'eu1',
      node: `node-${index % 1000}`,
      at: '',
      activity: 'exec',
    },
    ...{
      timeMs: 1_770_000_000_000 + index,
      file: null,
      network: null,
      request: null,
      alert: null,
      dropped: 0,
      native: {},
    },
    process: {
      executable: '/bin/sh',
      commandLine: 'sh -c true',
      parentCommandLine: null,
      workingDirectory: '/',
      sha256: null,
    },
    container: {
      id,
      name: 'app',
      imageRepository: 'registry.example.com/app',
      imageTag: '1',
      imageDigest: digest,
      startedAt: '2026-01-01T00:00:00Z',
    },
    pod: { ...pod, workloadKind: 'Deployment', serviceAccount: null },
  } as unknown as Observation;
}

function timeLedger(): void {
  console.log(`Ledger of ${containers} containers`);
  const events = Array.from({ length: containers }, (_, index) => exec(index));
  globalThis.gc?.();
  const before = memoryUsage().heapUsed;
  const ledger = new ContainerLedger({ maxContainers: 2 * containers, maxPods: 2 * containers });
  const start = cpuUsage();
  for (const event of events) ledger.observe(event);
  printFigure('new containers', (1000 * containers) / cpuUsage(start).user, 'k/s');
  globalThis.gc?.();
  printFigure('memory', (memoryUsage().heapUsed - before) / 1e6, 'MB');
  const each = microseconds(rounds, (call) => ledger.observe(events[(call * 7919) % alive]!));
  printFigure(`further events of ${alive} of them`, 1000 / each, 'k/s');
  printFigure(
    'find by the whole id',
    microseconds(rounds, (call) => ledger.find(events[(call * 7919) % alive]!)),
    'us',
  );
  const cut = Array.from({ length: 1000 }, (_, index) => exec(index, 12));
  printFigure(
    'find by a cut id',
    microseconds(rounds, (call) => ledger.find(cut[call % 1000]!)),
    'us',
  );
  ledger.takeChanged();
}

function timeFields(): void {
  console.log('Facts of one exec event');
  const files = Object.fromEntries(
    Array.from({ length: 5000 }, (_, index) => [path(index), { sha256: hash, package: 'p' }]),
  );
  const known = factsFromFile({ images: { [digest]: { repository: 'registry.example.com/app', files } } });
  const ledger = new ContainerLedger();
  const context = factContext({ ...known, lookup: ledger });
  const names = [
    'Image.Digest',
    'Image.Role',
    'File.InImage',
    'File.ContentMatches',
    'File.PackageVulns',
    'File.Exploited',
  ];
  const events = Array.from({ length: 20_000 }, (_, index) => exec(index % 100));
  for (const event of events.slice(0, 100)) ledger.observe(event);
  const each = microseconds(rounds, (call) => {
    // A new observation each time: facts are cached for each observation.
    const event = { ...events[call % events.length]! };
    for (const name of names) factField(name, event, context);
  });
  printFigure(`${names.length} facts`, each, 'us');
}

timeManifests();
timeLedger();
timeFields();
