import { execFile, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { delimiter, dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

import { ability, buildImage, describeWith, itWith } from '@tidewaiter/testkit';

import { debian13, dpkgStatus, writeAdvisories } from './fixtures.js';
import { removeFolders, runIn, temporaryFolder } from './tidewaiter.js';

const run = promisify(execFile);
const root = resolve(__dirname, '..');
const bundle = join(root, 'cli/dist/bundle/main.js');
const recording = join(root, 'libs/detection/testdata/token-theft.jsonl');
const limitBytes = 60e6;
/** The Node of the tests first: that of the machine may be older than the package allows. */
const path = [dirname(process.execPath), process.env['PATH']].join(delimiter);

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
}

let folder: string;
let scan: string[];

/** Runs a command in an empty folder, with nothing of this environment but the path. */
async function start(program: string, args: string[], env: Record<string, string> = {}): Promise<Outcome> {
  const options = { cwd: temporaryFolder(), env: { PATH: path, ...env } };
  return new Promise((done) => {
    execFile(program, args, options, (error, stdout, stderr) =>
      done({ code: error ? Number(error.code) : 0, stdout, stderr }),
    );
  });
}

const fromBundle = async (...args: string[]) => start(process.execPath, [bundle, ...args], { HOME: folder });
const printed = new Map<string, Promise<Outcome>>();

/** Output of the bundle for a command that prints the same each time. */
async function printedByBundle(line: string): Promise<Outcome> {
  const known = printed.get(line) ?? fromBundle(...line.split(' '));
  printed.set(line, known);
  return known;
}

/** Without the time of the scan. */
function timeless({ stdout, ...rest }: Outcome): Outcome {
  return { ...rest, stdout: stdout.replace(/"startedAt": "[^"]+",\s+"durationMs": \d+/, '') };
}

beforeAll(async () => {
  // Builds the program if it is older than its sources.
  await runIn(temporaryFolder(), '--version');
  folder = temporaryFolder();
  const layers = [[debian13, dpkgStatus({ openssl: '3.0.15-1', zlib: '1.3-1' })]];
  await buildImage(join(folder, 'image'), { layers });
  const advisories = writeAdvisories(join(folder, 'osv'), [
    { id: 'CVE-2026-1', package: 'openssl', fixed: '3.0.17-1', severity: 'HIGH' },
  ]);
  scan = ['scan', `oci:${join(folder, 'image')}`, '-o', 'json', '--advisories', advisories, '--fail-on', 'high'];
}, 240_000);

afterAll(removeFolders);

/** Holds an installed program to the answers of the bundle. */
function answersAsTheBundle(program: (...args: string[]) => Promise<Outcome>): void {
  it('answers a scan as the bundle does, byte for byte', async () => {
    const expected = await fromBundle(...scan, '--cache-dir', join(temporaryFolder(), 'cache'));
    const found = await program(...scan, '--cache-dir', join(temporaryFolder(), 'cache'));
    expect(expected).toMatchObject({ code: 1, stdout: expect.stringContaining('CVE-2026-1') as string });
    expect(timeless(found)).toEqual(timeless(expected));
  });

  it.each(['--version', '--help', 'completion bash', 'policies list'])('prints %s', async (line) => {
    expect(await program(...line.split(' '))).toEqual(await printedByBundle(line));
  });

  it('replays recorded events with the rules that come with it', async () => {
    const line = `replay ${recording} -o json`;
    const found = await program(...line.split(' '));
    expect(found.stdout).toContain('"title": "Privileged pod created"');
    expect(found).toEqual(await printedByBundle(line));
  });

  it.each(['service scanner', 'up --detach', 'tokens create gate', 'test unit'])(
    'names what it lacks for %s',
    async (line) => {
      const { code, stderr } = await program(...line.split(' '));
      expect([code, stderr]).toEqual([2, expect.stringContaining('[PLATFORM_NOT_INCLUDED]')]);
    },
  );
}

const npm = ability('npm', spawnSync('npm', ['--version']).status === 0);

describeWith(npm)('npm run package', () => {
  let installed: string;

  beforeAll(async () => {
    installed = temporaryFolder();
    await run(process.execPath, [join(root, 'tools/build-package.mjs'), '--out', folder], { cwd: root });
    const tarball = join(
      folder,
      readdirSync(folder).find((name) => name.endsWith('.tgz'))!,
    );
    writeFileSync(join(installed, 'package.json'), '{}');
    // It has no dependency, so that npm asks no registry.
    await run('npm', ['install', '--offline', '--no-audit', tarball], { cwd: installed });
  }, 120_000);

  answersAsTheBundle(async (...args) => start(join(installed, 'node_modules/.bin/tidewaiter'), args, { HOME: folder }));

  it('is one package, which npx starts', async () => {
    const names = readdirSync(join(installed, 'node_modules')).filter((name) => !name.startsWith('.'));
    expect(names).toEqual(['tidewaiter']);
    const { stdout } = await run('npx', ['--offline', 'tidewaiter', '--version'], {
      cwd: installed,
      env: { ...process.env, PATH: path },
    });
    expect(stdout).toMatch(/^\d+\.\d+\.\d+/);
  });

  it('names the Node that it needs to one that is too old', async () => {
    const program = readFileSync(join(installed, 'node_modules/tidewaiter/tidewaiter.js'), 'utf8');
    const old = join(temporaryFolder(), 'tidewaiter.mjs');
    writeFileSync(old, program.replace('process.versions.node.split', "'22.19.0'.split"));
    const { code, stderr } = await start(process.execPath, [old]);
    expect([code, stderr]).toEqual([2, expect.stringContaining('install Node 24.11 or newer')]);
  });
});

const hasExecutables = ability(
  'Linux with glibc',
  'glibcVersionRuntime' in (process.report.getReport() as Report).header,
);
interface Report {
  header: object;
}

const twoCores = ability('two cores', availableParallelism() > 1);

describeWith(hasExecutables)('npm run executable', () => {
  let file: string;
  let link: string;

  beforeAll(async () => {
    const place = join(folder, 'with a space');
    mkdirSync(place);
    file = join(place, 'tidewaiter');
    const args = [join(root, 'tools/build-executable.mjs'), '--out', file, '--level', '1'];
    await run(process.execPath, args, { cwd: root });
    link = join(temporaryFolder(), 'linked');
    symlinkSync(file, link);
  }, 120_000);

  answersAsTheBundle(async (...args) => start(link, args, { HOME: folder }));

  it('has an SBOM of the packages in it, and of its Node', () => {
    const { components } = JSON.parse(readFileSync(`${file}.cdx.json`, 'utf8')) as { components: { name: string }[] };
    const names = components.map(({ name }) => name);
    expect(names).toEqual(expect.arrayContaining(['zod', 'undici', `node-linux-${process.arch}`]));
    expect(names).not.toContain('typeorm');
  });

  it('is small even at the fastest level of gzip', () => {
    expect(statSync(`${file}.gz`).size).toBeLessThan(limitBytes);
  });

  it('needs no home, no folder for temporary files and no environment', async () => {
    const expected = await fromBundle(...scan, '--cache-dir', join(temporaryFolder(), 'cache'));
    const env = { PATH: '', HOME: '/dev/null', TMPDIR: '/proc/nothing' };
    expect(timeless(await start(file, scan, env))).toEqual(timeless(expected));
  });

  it('loads no module from disk, wherever one is planted', async () => {
    const planted = temporaryFolder();
    const modules = join(planted, 'node_modules');
    mkdirSync(modules);
    for (const name of ['pg', 'typeorm', 'reflect-metadata', 'pino'])
      writeFileSync(join(modules, `${name}.js`), `process.stdout.write('planted');`);
    const { stdout, stderr } = await run(link, ['service', 'scanner'], {
      cwd: planted,
      env: { NODE_PATH: modules, HOME: planted },
    }).catch((error: Outcome) => error);
    expect([stdout, stderr]).toEqual(['', expect.stringContaining('[PLATFORM_NOT_INCLUDED]')]);
  });

  itWith(twoCores)(
    'reads large layers in confined processes of its own, with the limits',
    async () => {
      const large = { path: 'large', content: Buffer.alloc(100e6) };
      const layers = [[debian13, dpkgStatus({ zlib: '1.3-1' }), large], [large]];
      await buildImage(join(folder, 'large'), { layers, compression: 'none' });
      const args = ['scan', `oci:${join(folder, 'large')}`, '--offline', '--cache-dir', temporaryFolder()];
      const scanning = spawn(link, args, { env: { TIDEWAITER_MAX_HEAP_MEGABYTES: '256' }, stdio: 'ignore' });
      const ended = once(scanning, 'exit');
      let reader: string | undefined;
      while (reader === undefined && scanning.exitCode === null) {
        reader = readerOf(file);
        await new Promise((next) => setTimeout(next, 10));
      }
      expect(reader).toContain('NODE_OPTIONS=--permission --disallow-code-generation-from-strings');
      expect(reader).toContain('--max-old-space-size=256');
      expect(await ended).toEqual([0, null]);
    },
    60_000,
  );
});

/** Environment of the process of an executable that reads a layer. */
function readerOf(file: string): string | undefined {
  const processes = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  for (const pid of processes) {
    try {
      const [program, name] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (program === file && name === 'layer-process.js') return readFileSync(`/proc/${pid}/environ`, 'utf8');
    } catch {
      // It has ended.
    }
  }
  return undefined;
}
