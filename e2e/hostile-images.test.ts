import { execFile, execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { constants, deflateRawSync, gzipSync, zstdCompressSync } from 'node:zlib';

import { buildIndex, elfFile, tarArchive, type TarEntry, zipArchive } from '@tidewaiter/testkit';

import { debian13, dpkgStatus, writeAdvisories } from './fixtures.js';
import { launcher, removeFolders, temporaryFolder } from './tidewaiter.js';

const mostBytes = 256 * 1024 * 1024;
const mib = 1024 * 1024;

const mediaTypes = {
  index: 'application/vnd.oci.image.index.v1+json',
  manifest: 'application/vnd.oci.image.manifest.v1+json',
  config: 'application/vnd.oci.image.config.v1+json',
  tar: 'application/vnd.oci.image.layer.v1.tar',
  gzip: 'application/vnd.oci.image.layer.v1.tar+gzip',
  zstd: 'application/vnd.oci.image.layer.v1.tar+zstd',
};

/** Packages in {@link good} that must be found, whatever else is in the image. */
const goodPurl = 'pkg:deb/debian/openssl@3.0.17-1?arch=amd64&distro=debian-13';
const good: TarEntry[] = [debian13, dpkgStatus({ openssl: '3.0.17-1' })];

interface Report {
  packages: { purl: string; name: string; state: string }[];
  warnings: { code: string; path: string | null }[];
  findings: { id: string; evidence: Record<string, string> }[];
  verdict: { result: string };
}

interface Outcome {
  code: number;
  stdout: string;
  stderr: string;
  /** Cost that the program's process reports; null where the system does not report it. */
  cost: { cpuMs: number; peakBytes: number } | null;
}

let dearest = { cpuMs: 0, peakBytes: 0 };
let home: string;
let canary: string;
let advisories: string;
let layout: string;
let outside: Server;
let outsideUrl: string;
let callsToStrangers = 0;

/** The dearest image takes ten seconds of CPU time, and other suites run beside it. */
const hangMs = 240_000;

/** Runs the program as a user does, and records its cost. */
async function scan(target: string, ...flags: string[]): Promise<Outcome> {
  const costFile = join(home, 'cost.json');
  rmSync(costFile, { force: true });
  const env = {
    ...process.env,
    HOME: home,
    XDG_CACHE_HOME: join(home, 'xdg'),
    TIDEWAITER_FINGERPRINT_KEY: 'fingerprint-key-of-the-test',
    NODE_OPTIONS: `--require=${join(home, 'cost.cjs')}`,
    COST_FILE: costFile,
  };
  const args = ['scan', target, '--cache-dir', join(home, 'cache'), '--advisories', advisories, ...flags];
  const options = { env, cwd: canary, timeout: hangMs, killSignal: 'SIGKILL', maxBuffer: 256 * mib } as const;
  return new Promise((done) => {
    execFile(launcher, args, options, (error, stdout, stderr) => {
      const cost = existsSync(costFile) ? (JSON.parse(readFileSync(costFile, 'utf8')) as Outcome['cost']) : null;
      done({ code: error ? Number(error.code) : 0, stdout, stderr, cost });
    });
  });
}

/**
 * Makes every process write its cost when it ends; the launcher's own Node comes before the
 * program's.
 */
const costScript = `process.on('exit', () => {
  try {
    const { readFileSync, writeFileSync } = require('node:fs');
    const { user, system } = process.cpuUsage();
    const peak = /VmHWM:\\s+(\\d+)/.exec(readFileSync('/proc/self/status', 'utf8'));
    writeFileSync(process.env.COST_FILE, JSON.stringify({ cpuMs: (user + system) / 1000, peakBytes: 1024 * peak[1] }));
  } catch {}
});
`;

interface Descriptor {
  mediaType: string;
  digest: string;
  size: number;
  urls?: string[];
  platform?: Record<string, string>;
  annotations?: Record<string, string>;
}

interface Layer {
  descriptor: Descriptor;
  diffId: string;
}

function digestOf(bytes: Buffer | string): string {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function blobPath(digest: string): string {
  return join(layout, 'blobs', digest.replace(':', '/'));
}

function blob(bytes: Buffer, mediaType: string): Descriptor {
  const digest = digestOf(bytes);
  mkdirSync(join(layout, 'blobs/sha256'), { recursive: true });
  writeFileSync(blobPath(digest), bytes);
  return { mediaType, digest, size: bytes.length };
}

function json(value: unknown, mediaType: string): Descriptor {
  return blob(Buffer.from(JSON.stringify(value)), mediaType);
}

function layer(content: TarEntry[] | Buffer, edits: Partial<Descriptor> = {}): Layer {
  const tar = Buffer.isBuffer(content) ? content : tarArchive(content);
  return { descriptor: { ...blob(gzipSync(tar, { level: 1 }), mediaTypes.gzip), ...edits }, diffId: digestOf(tar) };
}

/** A layer with the given blob, whose unpacked content is unknown. */
function rawLayer(bytes: Buffer, mediaType = mediaTypes.gzip, diffId = digestOf('')): Layer {
  return { descriptor: blob(bytes, mediaType), diffId };
}

function configOf(layers: readonly Layer[]): Record<string, unknown> {
  const diffIds = layers.map(({ diffId }) => diffId);
  return { architecture: 'amd64', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: diffIds } };
}

/** Writes an image; `edits` change its manifest. */
function image(layers: readonly Layer[], edits: Record<string, unknown> = {}): Descriptor {
  const config = json(configOf(layers), mediaTypes.config);
  const descriptors = layers.map(({ descriptor }) => descriptor);
  const manifest = { schemaVersion: 2, mediaType: mediaTypes.manifest, config, layers: descriptors, ...edits };
  return tag(json(manifest, mediaTypes.manifest));
}

function imageWithConfig(config: Buffer | string, layers: readonly Layer[] = [layer(good)]): Descriptor {
  return image(layers, { config: blob(Buffer.from(config), mediaTypes.config) });
}

function tag(descriptor: Descriptor): Descriptor {
  const index = { schemaVersion: 2, mediaType: mediaTypes.index, manifests: [descriptor] };
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index));
  writeFileSync(join(layout, 'oci-layout'), '{"imageLayoutVersion":"1.0.0"}');
  return descriptor;
}

/** An entry without the end of a tar, its header changed by `edit`. */
function entry(spec: TarEntry, edit: (header: Buffer) => void = () => undefined): Buffer {
  const tar = tarArchive([spec]);
  const bytes = tar.subarray(0, -1024);
  const header = bytes.subarray(0, 512);
  edit(header);
  header.fill(' ', 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
  return bytes;
}

const flag = (type: string) => (header: Buffer) => header.write(type, 156, 'latin1');
const size = (text: string) => (header: Buffer) => header.write(text.padEnd(12, '\0'), 124, 'latin1');

/** A PAX header for the next entry; keywords may be repeated. */
function pax(...records: [keyword: string, value: string][]): Buffer {
  const lines = records.map(([keyword, value]) => {
    const rest = Buffer.byteLength(` ${keyword}=${value}\n`);
    return `${rest + String(rest + String(rest).length).length} ${keyword}=${value}\n`;
  });
  return entry({ path: 'PaxHeaders/x', content: lines.join('') }, flag('x'));
}

/** The good files, then these blocks, then one more file and the end. */
function tarOf(...blocks: readonly Buffer[]): Buffer {
  const last = tarArchive([
    { path: 'srv/node_modules/last/package.json', content: '{"name":"last","version":"1.0.0"}' },
  ]);
  return Buffer.concat([tarArchive(good).subarray(0, -1024), ...blocks, last]);
}

/**
 * A gzip stream that unpacks to `head` and then `times` times `chunk`, and then stops without a
 * final block.
 */
function gzipRepeated(head: Buffer, chunk: Buffer, times: number): Buffer {
  const flushed = (bytes: Buffer) => deflateRawSync(bytes, { finishFlush: constants.Z_FULL_FLUSH });
  const start = Buffer.from([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3]);
  return Buffer.concat([start, flushed(head), ...Array<Buffer>(times).fill(flushed(chunk))]);
}

const lastPurl = 'pkg:npm/last@1.0.0';
const zeros = Buffer.alloc(4 * mib);
const huge = entry({ path: 'zeros' }, size('77777777777'));
const emptyFiles = (count: number) =>
  Buffer.concat(Array.from({ length: count }, (_, index) => entry({ path: `e/${index}` })));

/** A hostile image, and its expected result. */
interface Hostile {
  what: string;
  build: () => unknown;
  /** 0 if all was read; 1 for findings; 2 if something was not read; 3 for nothing to scan. */
  code: 0 | 1 | 2 | 3;
  /** Code of the error if there is no report. */
  error?: string;
  /** Codes of warnings, with the path they must be about. */
  warns?: [code: string, path?: string | null][];
  /** All packages of the report; `shadowed` after those that a later layer hides. */
  finds?: string[];
  /** Defaults to {@link mostBytes}: an image of a million files is no attack. */
  mostBytes?: number;
}

const streams: Hostile[] = [
  {
    what: 'gzip bomb that ends too early',
    build: () => image([layer(good), rawLayer(gzipRepeated(huge, zeros, 128))]),
    code: 2,
    error: 'TRUNCATED_LAYER',
  },
  {
    what: 'zstd bomb that ends too early',
    build: () => {
      const frames = Array<Buffer>(128).fill(zstdCompressSync(zeros));
      image([layer(good), rawLayer(Buffer.concat([zstdCompressSync(huge), ...frames]), mediaTypes.zstd)]);
    },
    code: 2,
    error: 'TRUNCATED_LAYER',
  },
  {
    what: 'more entries than a layer may have',
    build: () => image([rawLayer(gzipRepeated(Buffer.alloc(0), emptyFiles(10_000), 126))]),
    code: 2,
    error: 'LIMIT_EXCEEDED',
    mostBytes: 288 * mib,
  },
  {
    what: 'more entries than an image may have, in one layer that it has 400 times',
    build: () => image(Array<Layer>(400).fill(layer(tarOf(emptyFiles(7_000))))),
    code: 2,
    error: 'LIMIT_EXCEEDED',
  },
  {
    what: '60,000 entries',
    build: () => image([layer(tarOf(emptyFiles(60_000)))]),
    code: 0,
    finds: [goodPurl, lastPurl],
  },
  {
    what: 'truncated blob',
    build: () => {
      const { descriptor, diffId } = layer(good);
      writeFileSync(blobPath(descriptor.digest), readFileSync(blobPath(descriptor.digest)).subarray(0, -9));
      image([{ descriptor, diffId }]);
    },
    code: 2,
    error: 'SIZE_MISMATCH',
  },
  {
    what: 'gzip that ends early',
    build: () => image([rawLayer(gzipSync(tarArchive(good)).subarray(0, -20))]),
    code: 2,
    error: 'TRUNCATED_LAYER',
  },
  {
    what: 'zstd that ends early',
    build: () => image([rawLayer(zstdCompressSync(tarArchive(good)).subarray(0, -20), mediaTypes.zstd)]),
    code: 2,
    error: 'TRUNCATED_LAYER',
  },
  {
    what: 'broken deflate data',
    build: () => image([rawLayer(gzipSync(tarArchive(good)).fill(0xff, 40, 60))]),
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'blob of another digest',
    build: () => {
      const { descriptor, diffId } = layer(good);
      const forged = layer([debian13, dpkgStatus({ openssl: '3.0.17-2' })]);
      writeFileSync(blobPath(descriptor.digest), readFileSync(blobPath(forged.descriptor.digest)));
      image([{ descriptor: { ...descriptor, size: forged.descriptor.size }, diffId }]);
    },
    code: 2,
    error: 'DIGEST_MISMATCH',
  },
  {
    what: 'blob of another size',
    build: () => image([layer(good, { size: 10 })]),
    code: 2,
    error: 'SIZE_MISMATCH',
  },
  {
    what: 'endless size',
    build: () => image([layer(good, { size: Number.MAX_SAFE_INTEGER })]),
    code: 2,
    error: 'SIZE_MISMATCH',
  },
  {
    what: 'another diffID',
    build: () => image([{ ...layer(good), diffId: digestOf('another') }]),
    code: 2,
    error: 'DIFF_ID_MISMATCH',
  },
  {
    what: 'bzip2',
    build: () => image([rawLayer(Buffer.from('BZh91AY&SY'), mediaTypes.tar)]),
    code: 2,
    error: 'UNSUPPORTED_COMPRESSION',
  },
  {
    what: 'xz',
    build: () => image([rawLayer(Buffer.from('\xfd7zXZ\0\0\x04', 'latin1'), mediaTypes.tar)]),
    code: 2,
    error: 'UNSUPPORTED_COMPRESSION',
  },
  {
    what: 'a layer that is no tar',
    build: () => image([layer(Buffer.from('%PDF-1.7 '.repeat(200)))]),
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'an encrypted layer',
    build: () =>
      image([
        rawLayer(createHash('shake256', { outputLength: 4096 }).update('key').digest(), `${mediaTypes.gzip}+encrypted`),
      ]),
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'a media type that lies',
    build: () => image([layer(good, { mediaType: mediaTypes.zstd })]),
    code: 0,
    warns: [['MEDIA_TYPE_MISMATCH', null]],
    finds: [goodPurl],
  },
  {
    what: 'gzip within gzip',
    build: () => image([rawLayer(gzipSync(gzipSync(tarArchive(good))))]),
    code: 2,
    error: 'TRUNCATED_LAYER',
  },
];

const tars: Hostile[] = [
  {
    what: 'negative size',
    build: () => image([layer(tarOf(entry({ path: 'x' }, (header) => header.fill(0xff, 124, 136))))]),
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'size in base 256',
    build: () => {
      const content = '{"name":"binary","version":"1.0.0"}';
      const binary = (header: Buffer) =>
        header.fill(0, 124, 136).writeUInt8(0x80, 124) && header.writeUInt8(content.length, 135);
      image([layer(tarOf(entry({ path: 'a/node_modules/binary/package.json', content }, binary)))]);
    },
    code: 0,
    finds: [goodPurl, 'pkg:npm/binary@1.0.0', lastPurl],
  },
  {
    what: 'size in base 256 beyond every disk',
    build: () =>
      image([layer(tarOf(entry({ path: 'x' }, (header) => header.fill(0x7f, 125, 136).writeUInt8(0x80, 124))))]),
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'size beyond the end',
    build: () => image([layer(tarOf(huge))]),
    code: 2,
    error: 'TRUNCATED_LAYER',
  },
  {
    what: 'a PAX size beyond every disk',
    build: () => image([layer(tarOf(pax(['size', '9'.repeat(30)]), entry({ path: 'x' })))]),
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'a negative PAX size',
    build: () => image([layer(tarOf(pax(['size', '-1']), entry({ path: 'x' })))]),
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'a PAX record given twice',
    build: () => {
      const records = pax(['path', 'decoy'], ['path', 'a/node_modules/twice/package.json']);
      image([layer(tarOf(records, entry({ path: 'x', content: '{"name":"twice","version":"1.0.0"}' })))]);
    },
    code: 0,
    finds: [goodPurl, 'pkg:npm/twice@1.0.0', lastPurl],
  },
  {
    what: 'a PAX record of a wrong length',
    build: () => image([layer(tarOf(entry({ path: 'p', content: '999 path=x\n' }, flag('x')), entry({ path: 'x' })))]),
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'a NUL in a PAX name',
    build: () => image([layer(tarOf(pax(['path', 'a\0b']), entry({ path: 'x' })))]),
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'a GNU name of 10 MB',
    build: () => {
      const long = entry({ path: '././@LongLink', content: Buffer.alloc(10 * mib, 'a') }, flag('L'));
      image([layer(tarOf(long, entry({ path: 'x' })))]);
    },
    code: 2,
    error: 'LIMIT_EXCEEDED',
  },
  {
    what: 'a name longer than Linux allows',
    build: () => image([layer(tarOf(pax(['path', 'a/'.repeat(2500)]), entry({ path: 'x' })))]),
    code: 2,
    error: 'LIMIT_EXCEEDED',
  },
  {
    what: 'a wrong checksum',
    build: () => {
      const bytes = entry({ path: 'x' });
      bytes.write('000000', 148);
      image([layer(tarOf(bytes))]);
    },
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'a zero block in the middle, behind which readers differ',
    build: () => image([layer(tarOf(Buffer.alloc(512)))]),
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'a sparse file of a petabyte',
    build: () => image([layer(tarOf(sparse(2 ** 50, '0,4,1024,4'), entry({ path: 'x', content: 'headtail' })))]),
    code: 0,
    warns: [['SPARSE_FILE_NOT_HASHED', 'sparse']],
    finds: [goodPurl, lastPurl],
  },
  {
    what: 'a sparse package database of a terabyte',
    build: () => {
      const map = sparse(2 ** 40, '0,4,1024,4', 'lib/apk/db/installed');
      image([layer(tarOf(map, entry({ path: 'x', content: 'headtail' })))]);
    },
    code: 2,
    warns: [['LIMIT_EXCEEDED', 'lib/apk/db/installed']],
    finds: [goodPurl, lastPurl],
  },
  {
    what: 'a sparse package.json of 128 MB',
    build: () => {
      const map = sparse(128 * mib, '0,4,1024,4', 'app/node_modules/x/package.json');
      image([layer(tarOf(map, entry({ path: 'x', content: 'headtail' })))]);
    },
    code: 0,
    warns: [['LIMIT_EXCEEDED', 'app/node_modules/x/package.json']],
    finds: [goodPurl, lastPurl],
  },
  {
    what: 'a sparse map that goes back',
    build: () => image([layer(tarOf(sparse(4096, '1024,4,0,4'), entry({ path: 'x', content: 'headtail' })))]),
    code: 2,
    error: 'CORRUPT_LAYER',
  },
  {
    what: 'device nodes, pipes, setuid programs and unknown types',
    build: () => {
      const special = ['3', '4', '6', '7', 'V', 'Z'].map((type) => entry({ path: `dev/${type}` }, flag(type)));
      image([layer(tarOf(...special, entry({ path: 'usr/bin/su', content: 'x', mode: 0o6755 })))]);
    },
    code: 0,
    warns: [
      ['UNKNOWN_ENTRY_TYPE', 'dev/V'],
      ['UNKNOWN_ENTRY_TYPE', 'dev/Z'],
    ],
    finds: [goodPurl, lastPurl],
  },
];

function sparse(bytes: number, map: string, name = 'sparse'): Buffer {
  return pax(['GNU.sparse.name', name], ['GNU.sparse.size', String(bytes)], ['GNU.sparse.map', map]);
}

const escape = 'tidewaiter-must-not-exist';
const nodePackage = (name: string, path = `app/node_modules/${name}/package.json`): TarEntry => ({
  path,
  content: JSON.stringify({ name, version: '1.0.0' }),
});

const names: Hostile[] = [
  {
    what: 'names that climb out',
    build: () => {
      const climbing = [
        `../../../../../../tmp/${escape}`,
        `a/../../../../../tmp/${escape}`,
        'lib/../../etc/os-release',
      ];
      image([layer([...good, ...climbing.map((path) => ({ path, content: 'ID=forged\nVERSION_ID=1\n' }))])]);
    },
    code: 0,
    warns: [
      ['PARENT_PATH', `tmp/${escape}`],
      ['PARENT_PATH', 'etc/os-release'],
    ],
    finds: [goodPurl],
  },
  {
    what: 'absolute names',
    build: () => image([layer([...good.map((one) => ({ ...one, path: `/${one.path}` })), { path: `/tmp/${escape}` }])]),
    code: 0,
    finds: [goodPurl],
  },
  {
    what: 'names of nothing',
    build: () =>
      image([layer([...good, ...['', '/', '.', './', '..', 'a/..'].map((path) => ({ path, content: 'x' }))])]),
    code: 0,
    warns: [['INVALID_NAME', '']],
    finds: [goodPurl],
  },
  {
    what: 'a file given twice, of which the last counts',
    build: () => image([layer([debian13, dpkgStatus({ decoy: '1-1' }), ...good])]),
    code: 0,
    finds: [goodPurl],
  },
  {
    what: 'a directory that becomes a file in the end',
    build: () => image([layer([...good, nodePackage('b'), { path: 'app', content: 'x' }])]),
    code: 0,
    finds: [goodPurl, 'pkg:npm/b@1.0.0 shadowed'],
  },
  {
    what: 'hard links to files of the machine',
    build: () => {
      const link = (path: string, linkTarget: string): TarEntry => ({ path, type: 'hardlink', linkTarget });
      image([
        layer([
          debian13,
          link('var/lib/dpkg/status', '../../../../../../../etc/passwd'),
          link('etc/shadow', '/etc/shadow'),
        ]),
      ]);
    },
    code: 2,
    warns: [
      ['DATABASE_UNREADABLE', 'var/lib/dpkg/status'],
      ['PACKAGES_MISSING', null],
    ],
    finds: [],
  },
  {
    what: 'symbolic links to files of the machine',
    build: () => {
      const link = (path: string, linkTarget: string): TarEntry => ({ path, type: 'symlink', linkTarget });
      const links = [
        link('etc/os-release', '/proc/self/environ'),
        link('usr/lib/os-release', '../../../../../etc/os-release'),
      ];
      image([layer([...links, dpkgStatus({ openssl: '3.0.17-1' }), link('app/.env', '/etc/passwd')])]);
    },
    code: 2,
    warns: [['OS_UNKNOWN', null]],
  },
  {
    what: 'links in circles, and a database behind them',
    build: () => {
      const link = (path: string, linkTarget: string): TarEntry => ({ path, type: 'symlink', linkTarget });
      const circle = Array.from({ length: 100 }, (_, index) => link(`c/${index}`, `${(index + 1) % 100}`));
      image([
        layer([...good, ...circle, link('a', 'b'), link('b', 'a'), link('lib/apk', '../c/0'), link('self', '.')]),
      ]);
    },
    code: 0,
    finds: [goodPurl],
  },
  {
    what: 'names that are no UTF-8',
    build: () => {
      const bytes = (header: Buffer) => header.fill('\xff\xfe\x80/package.json\0', 0, 17, 'latin1');
      image([
        layer(
          tarOf(
            entry({ path: 'x', content: 'x' }, bytes),
            entry({ path: 'y' }, (header) => header.fill(0xed, 0, 99)),
          ),
        ),
      ]);
    },
    code: 0,
    finds: [goodPurl, lastPurl],
  },
  {
    what: 'whiteouts of nothing and of everything',
    build: () => {
      const whiteouts = ['.wh.', '.wh..', '.wh...', 'etc/.wh.', 'a/.wh..wh.b', '.wh..wh.plnk', 'usr/.wh..wh..opq'];
      image([layer(good), layer(whiteouts.map((path) => ({ path })))]);
    },
    code: 0,
    warns: [['INVALID_WHITEOUT', '.wh.']],
    finds: [goodPurl],
  },
  {
    what: 'an opaque root, which overlayfs ignores',
    build: () => image([layer(good), layer([{ path: '.wh..wh..opq' }, debian13])]),
    code: 0,
    warns: [['INVALID_WHITEOUT', '.wh..wh..opq']],
    finds: [goodPurl],
  },
  {
    what: 'a whiteout that climbs',
    build: () => image([layer(good), layer([{ path: 'x/../var/lib/dpkg/.wh.status' }, { path: '../.wh.var' }])]),
    code: 0,
    warns: [['PARENT_PATH', 'var/lib/dpkg/.wh.status']],
    finds: [goodPurl],
  },
  {
    what: 'a whiteout in the layer that brings the file',
    build: () => image([layer([{ path: 'var/lib/dpkg/.wh.status' }, ...good])]),
    code: 0,
    finds: [goodPurl],
  },
];

const documents: Hostile[] = [
  {
    what: 'a manifest of 10,000 layers',
    build: () => image(Array<Layer>(10_000).fill(layer(good))),
    code: 2,
    error: 'LIMIT_EXCEEDED',
  },
  {
    what: 'a manifest of 64 MB',
    build: () => image([layer(good)], { annotations: { x: 'A'.repeat(64 * mib) } }),
    code: 2,
    error: 'LIMIT_EXCEEDED',
  },
  {
    what: 'an index.json of 64 MB',
    build: () => tag({ ...image([layer(good)]), annotations: { x: 'A'.repeat(64 * mib) } }),
    code: 2,
    error: 'LIMIT_EXCEEDED',
  },
  {
    what: 'no index.json',
    build: () => rmSync(join(layout, 'index.json'), { force: true }),
    code: 3,
    error: 'TARGET_MISSING',
  },
  {
    what: 'a manifest without a blob',
    build: () => rmSync(blobPath(image([layer(good)]).digest)),
    code: 3,
    error: 'TARGET_MISSING',
  },
  {
    what: 'a layer without a blob',
    build: () => {
      const missing = layer([nodePackage('gone')]);
      image([layer(good), missing]);
      rmSync(blobPath(missing.descriptor.digest));
    },
    code: 2,
    error: 'BLOB_UNKNOWN',
  },
  {
    what: 'a manifest that is no JSON',
    build: () => tag(blob(Buffer.from('{"schemaVersion":2,'), mediaTypes.manifest)),
    code: 2,
    error: 'MANIFEST_INVALID',
  },
  {
    what: 'a manifest and an index in one',
    build: () => image([layer(good)], { manifests: [] }),
    code: 2,
    error: 'MANIFEST_AMBIGUOUS',
  },
  {
    what: 'a manifest of schema 1',
    build: () =>
      tag(json({ schemaVersion: 1, fsLayers: [{ blobSum: digestOf('') }], history: [] }, mediaTypes.manifest)),
    code: 2,
    error: 'MANIFEST_SCHEMA1',
  },
  {
    what: 'a manifest of an unknown media type',
    build: () => image([layer(good)], { mediaType: 'application/vnd.example.manifest' }),
    code: 2,
    error: 'MANIFEST_UNSUPPORTED',
  },
  {
    what: 'a signature in place of an image',
    build: () => {
      const config = json({}, 'application/vnd.oci.empty.v1+json');
      image([layer(good, { mediaType: 'application/vnd.dev.cosign.simplesigning.v1+json' })], { config });
    },
    code: 3,
    error: 'NOT_AN_IMAGE',
  },
  {
    what: 'an image that calls itself a signature',
    build: () => image([layer(good)], { artifactType: 'application/vnd.dev.cosign.artifact.sig.v1+json' }),
    code: 0,
    finds: [goodPurl],
  },
  {
    what: 'a config of null',
    build: () => imageWithConfig('null'),
    code: 2,
    error: 'CONFIG_INVALID',
  },
  {
    what: 'no config',
    build: () => image([layer(good)], { config: null }),
    code: 2,
    error: 'MANIFEST_INVALID',
  },
  {
    what: 'a config without a blob',
    build: () => image([layer(good)], { config: { mediaType: mediaTypes.config, digest: digestOf('none'), size: 4 } }),
    code: 2,
    error: 'BLOB_UNKNOWN',
  },
  {
    what: 'a config of 600,000 levels',
    build: () => imageWithConfig(`${'{"a":'.repeat(600_000)}1${'}'.repeat(600_000)}`),
    code: 2,
    error: 'LAYER_COUNT_MISMATCH',
  },
  {
    what: 'a config of 64 MB',
    build: () => imageWithConfig(JSON.stringify({ ...configOf([layer(good)]), author: 'A'.repeat(64 * mib) })),
    code: 2,
    error: 'LIMIT_EXCEEDED',
  },
  {
    what: 'a config with diffIDs that are none',
    build: () => imageWithConfig('{"rootfs":{"diff_ids":[1]}}'),
    code: 2,
    error: 'CONFIG_INVALID',
  },
  {
    what: 'a config with fewer layers than the manifest',
    build: () => imageWithConfig(JSON.stringify(configOf([])), [layer(good)]),
    code: 2,
    error: 'LAYER_COUNT_MISMATCH',
  },
  {
    what: '__proto__ in labels, environment and annotations',
    build: () => {
      const label = '{"__proto__":{"isAdmin":true},"constructor":"x","toString":"y"}';
      const config = JSON.stringify({ ...configOf([layer(good)]), config: '@' }).replace(
        '"@"',
        `{"Labels":${label},"Env":["__proto__=x"]}`,
      );
      imageWithConfig(config);
    },
    code: 0,
    finds: [goodPurl],
  },
  {
    what: 'a digest that is a path',
    build: () => image([layer(good, { digest: 'sha256:../../../../../../../../etc/passwd' })]),
    code: 2,
    error: 'MANIFEST_INVALID',
  },
  {
    what: 'a digest by MD5',
    build: () => image([layer(good, { digest: `md5:${'0'.repeat(32)}` })]),
    code: 2,
    error: 'MANIFEST_INVALID',
  },
  {
    what: 'a negative size in the manifest',
    build: () => image([layer(good, { size: -1 })]),
    code: 2,
    error: 'MANIFEST_INVALID',
  },
  {
    what: 'indexes in indexes in indexes',
    build: () => {
      const wrap = (inner: Descriptor) =>
        json({ schemaVersion: 2, mediaType: mediaTypes.index, manifests: [inner] }, mediaTypes.index);
      tag(wrap(wrap(wrap(image([layer(good)])))));
    },
    code: 2,
    error: 'LIMIT_EXCEEDED',
  },
  {
    what: 'an index of 10,000 images',
    build: () => {
      const manifests = Array<Descriptor>(10_000).fill({
        ...image([layer(good)]),
        platform: { os: 'linux', architecture: 'amd64' },
      });
      tag(json({ schemaVersion: 2, mediaType: mediaTypes.index, manifests }, mediaTypes.index));
    },
    code: 2,
    error: 'LIMIT_EXCEEDED',
  },
  {
    what: 'an index for other machines only',
    build: () =>
      buildIndex(
        layout,
        ['linux/s390x', 'windows/amd64'].map((platform) => ({ layers: [good], platform })),
      ),
    code: 3,
    error: 'NO_PLATFORM',
  },
  {
    what: 'a foreign layer, which is fetched from nowhere',
    build: () => {
      const mediaType = 'application/vnd.docker.image.rootfs.foreign.diff.tar.gzip';
      const foreign = layer([nodePackage('foreign')], { mediaType, urls: [`${outsideUrl}/layer`] });
      image([layer(good), foreign]);
      rmSync(blobPath(foreign.descriptor.digest));
    },
    code: 2,
    error: 'BLOB_UNKNOWN',
  },
  {
    what: 'a blob that is a link to a file of the machine',
    build: () => {
      const { descriptor, diffId } = layer(good);
      rmSync(blobPath(descriptor.digest));
      symlinkSync('/etc/passwd', blobPath(descriptor.digest));
      image([{ descriptor, diffId }]);
    },
    code: 2,
    error: 'SIZE_MISMATCH',
  },
  {
    what: 'a blob that is a directory',
    build: () => {
      const { descriptor, diffId } = layer(good);
      rmSync(blobPath(descriptor.digest));
      mkdirSync(blobPath(descriptor.digest));
      image([{ descriptor, diffId }]);
    },
    code: 2,
    error: 'BLOB_UNKNOWN',
  },
  {
    what: 'a blob that is a pipe',
    build: () => {
      const { descriptor, diffId } = layer(good);
      rmSync(blobPath(descriptor.digest));
      execFileSync('mkfifo', [blobPath(descriptor.digest)]);
      image([{ descriptor, diffId }]);
    },
    code: 2,
    error: 'BLOB_UNKNOWN',
  },
];

const noise = createHash('shake256', { outputLength: 4096 }).update('noise').digest();
const jar = (...files: Parameters<typeof zipArchive>[0]) => zipArchive(files);

/**
 * Files of one image with content that does not match their names: each must be named in a warning,
 * and the good packages found.
 */
const broken: [what: string, path: string, content: Buffer | string][] = [
  ['a dpkg database', 'var/lib/dpkg/status.d/noise', noise],
  ['an apk database', 'lib/apk/db/installed', noise],
  ['a BerkeleyDB of rpm', 'var/lib/rpm/Packages', noise],
  ['an NDB of rpm', 'usr/lib/sysimage/rpm/Packages.db', noise],
  ['an SQLite database of rpm', 'var/lib/rpm/rpmdb.sqlite', Buffer.concat([Buffer.from('SQLite format 3\0'), noise])],
  ['an empty SQLite database of rpm', 'usr/lib/sysimage/rpm/rpmdb.sqlite', ''],
  ['a jar', 'opt/app.jar', noise],
  [
    'a jar cut short',
    'opt/cut.jar',
    jar({ name: 'META-INF/MANIFEST.MF', content: 'A: b\n'.repeat(99) }).subarray(0, -30),
  ],
  ['a wheel', 'usr/lib/python3/dist-packages/x-1.dist-info/METADATA', noise],
  ['an egg', 'usr/lib/python3/dist-packages/x.egg', Buffer.concat([Buffer.from('PK\u0003\u0004'), noise])],
  ['a package.json', 'app/node_modules/x/package.json', '{"name":"x","version":'],
  ['a package-lock.json', 'app/package-lock.json', '[]'],
  ['a gemspec', 'usr/lib/ruby/gems/3.2.0/specifications/x-1.0.gemspec', noise],
  ['a deps.json', 'app/x.deps.json', 'null'],
  ['a library of .NET', 'app/x.dll', Buffer.concat([Buffer.from('MZ'), noise])],
  ['an SBOM', 'opt/bitnami/redis/.spdx-redis.spdx', '{"spdxVersion":1}'],
  ['a Composer list', 'app/vendor/composer/installed.json', '{"packages":1}'],
  [
    'a Go program',
    'usr/bin/app',
    elfFile([
      { name: '.go.buildinfo', content: Buffer.from(`\xff Go buildinf:\x08\x02${'\xff'.repeat(40)}`, 'latin1') },
    ]),
  ],
  ['a Rust program', 'usr/bin/rust', elfFile([{ name: '.dep-v0', content: 'no zlib' }])],
];

/** A long text in every kind of parsed file: none may take more than its share of time. */
const textFiles = [
  'var/lib/dpkg/status.d/x',
  'lib/apk/db/installed',
  'usr/lib/os-release',
  'usr/lib/python3/dist-packages/x-1.dist-info/METADATA',
  'usr/lib/python3/dist-packages/x-1.dist-info/RECORD',
  'app/requirements.txt',
  'app/node_modules/x/package.json',
  'app/package-lock.json',
  'app/yarn.lock',
  'app/pnpm-lock.yaml',
  'app/poetry.lock',
  'app/Cargo.lock',
  'app/Gemfile.lock',
  'app/mix.lock',
  'app/rebar.lock',
  'usr/lib/ruby/gems/3.2.0/specifications/x-1.0.gemspec',
  'usr/lib/R/library/x/DESCRIPTION',
  'usr/lib/erlang/lib/x-1/ebin/x.app',
  'wp-includes/version.php',
  'app/META-INF/maven/g/a/pom.properties',
  'root/.ssh/id_rsa',
  'app/.env',
];

const withText = (text: string) => () => {
  const files = textFiles.map((path) => ({ path, content: text }));
  image([layer([...good, ...files, nodePackage('last')])]);
};

const baits: [what: string, text: string][] = [
  ['one letter', 'a'.repeat(400_000)],
  ['spaces', `x${' '.repeat(400_000)}y`],
  ['numbers and dots', `${'1.'.repeat(200_000)}x`],
  ['dashes', `a = "${'a-'.repeat(200_000)}!"`],
  ['brackets that open', '['.repeat(300_000)],
  ['braces that open', '{"a":'.repeat(80_000)],
  ['quotes', '"\\'.repeat(200_000)],
  ['empty lines', '\n'.repeat(400_000)],
  ['lines that go on', `Package: x\n${' y\n'.repeat(130_000)}`],
  ['base64', `-----BEGIN RSA PRIVATE KEY-----\n${'QUJD'.repeat(100_000)}`],
  ['URLs', 'a://b:c@'.repeat(50_000)],
  ['YAML indents', Array.from({ length: 800 }, (_, depth) => `${' '.repeat(depth)}a:`).join('\n')],
];

const aliases = [
  'a0: &a0 [x]',
  ...Array.from({ length: 30 }, (_, n) => `a${n + 1}: &a${n + 1} [${Array(10).fill(`*a${n}`).join(',')}]`),
];
const entities = Array.from({ length: 30 }, (_, n) => `<!ENTITY e${n + 1} "${`&e${n};`.repeat(10)}">`);
const pom = `<?xml version="1.0"?><!DOCTYPE project [<!ENTITY e0 "x"><!ENTITY file SYSTEM "file:///etc/passwd">${entities.join('')}]>
<project><groupId>&file;</groupId><artifactId>bomb</artifactId><version>1.0</version><name>&e30;</name></project>`;
const bombOf = (bytes: number) => jar({ name: 'META-INF/MANIFEST.MF', content: Buffer.alloc(bytes) });
const pomOf = (content: string): Parameters<typeof zipArchive>[0][number] => ({
  name: 'META-INF/maven/g/bomb/pom.xml',
  content,
});

const numbered = (count: number, of: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => of(index));
const limited: Hostile['warns'] = [['LIMIT_EXCEEDED', null]];
/** Letters and digits that look random, the same in every run. */
const random = (index: number, length: number) =>
  createHash('sha256')
    .update(String(index))
    .digest('base64')
    .replaceAll(/[^A-Za-z0-9]/g, 'x')
    .slice(0, length);

/** Images that declare much in few bytes; what is beyond a limit is left out with a warning. */
const flood: Hostile[] = [
  {
    what: '60,000 packages with licenses of 2,000 characters',
    build: () => {
      const license = 'x'.repeat(2_000);
      const manifests = numbered(60_000, (index) => JSON.stringify({ name: `p${index}`, version: '1.0.0', license }));
      image([
        layer([
          ...good,
          ...manifests.map((content, index) => ({ path: `srv/node_modules/p${index}/package.json`, content })),
        ]),
      ]);
    },
    code: 2,
    warns: limited,
  },
  {
    what: '300,000 packages in a database of dpkg',
    build: () => {
      const stanzas = numbered(
        300_000,
        (index) => `Package: p${index}\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1\n`,
      );
      image([layer([debian13, { path: 'var/lib/dpkg/status', content: stanzas.join('\n') }])]);
    },
    code: 2,
    warns: [['LIMIT_EXCEEDED', 'var/lib/dpkg/status']],
  },
  {
    what: '100,000 secrets',
    build: () => {
      const tokens = (file: number) =>
        numbered(1_000, (index) => `T=ghp_${random(1_000 * file + index, 36)}\n`).join('');
      image([
        layer([
          ...good,
          ...Array.from({ length: 100 }, (_, file) => ({ path: `srv/a${file}.env`, content: tokens(file) })),
        ]),
      ]);
    },
    code: 1,
    warns: limited,
  },
  {
    what: 'a lock file of 100 MB',
    build: () => {
      const entries = numbered(
        900_000,
        (index) =>
          `"node_modules/q${index}":{"version":"1.0.0","resolved":"https://registry.example.com/q${index}/-/q${index}-1.0.0.tgz"}`,
      );
      const content = `{"lockfileVersion":3,"packages":{${entries.join(',')}}}`;
      image([layer([...good, { path: 'srv/package-lock.json', content }])]);
    },
    code: 0,
    warns: [['LIMIT_EXCEEDED', 'srv/package-lock.json']],
  },
  {
    what: 'a million licenses',
    build: () => {
      const manifestOf = (index: number) => {
        const licenses = numbered(10_000, (each) => `LicenseRef-${index}-${each}`);
        return JSON.stringify({ name: `l${index}`, version: '1.0.0', licenses });
      };
      image([
        layer([
          ...good,
          ...Array.from({ length: 100 }, (_, index) => ({
            path: `srv/node_modules/l${index}/package.json`,
            content: manifestOf(index),
          })),
        ]),
      ]);
    },
    code: 0,
  },
  {
    what: 'a package of 1,500,000 files',
    build: () => {
      const content = numbered(1_500_000, (index) => `/usr/lib/x/${index}\n`).join('');
      image([layer([...good, { path: 'var/lib/dpkg/info/openssl.list', content }])]);
    },
    code: 2,
    warns: limited,
    // As many files as the largest lawful database lists are held at once.
    mostBytes: 288 * mib,
  },
];

const files: Hostile[] = [
  ...baits.map(([what, text]): Hostile => ({
    what: `texts of ${what}`,
    build: withText(text),
    code: 2,
    warns: [['MALFORMED_FILE']],
    finds: [goodPurl, lastPurl],
  })),
  {
    what: 'lines of 10 MB',
    build: () => {
      const long = 'x'.repeat(10 * mib);
      const status = `Package: a\nStatus: install ok installed\nVersion: 1-1\nDescription: ${long}\n`;
      const manifest = `{"name":"long","version":"1.0.0","description":"${long}"}`;
      image([
        layer([
          ...good,
          { path: 'var/lib/dpkg/status.d/a', content: status },
          { path: 'app/node_modules/long/package.json', content: manifest },
          { path: 'srv/a-1.dist-info/METADATA', content: `Name: a\nVersion: 1\nSummary: ${long}\n` },
          { path: 'app/.env', content: `KEY=${long}` },
          { path: 'app/requirements.txt', content: long },
        ]),
      ]);
    },
    code: 0,
    finds: [goodPurl, 'pkg:deb/debian/a@1-1?distro=debian-13', 'pkg:pypi/a@1'],
  },
  {
    what: 'names of 10 MB',
    build: () => {
      const long = 'x'.repeat(10 * mib);
      const [name, status] = [`{"name":"${long}","version":"1.0.0"}`, `Package: ${long}\nVersion: 1\n`];
      const path = 'app/node_modules/x/package.json';
      image([layer([...good, { path, content: name }, { path: 'var/lib/dpkg/status.d/a', content: status }])]);
    },
    code: 2,
    warns: [
      ['LIMIT_EXCEEDED', 'app/node_modules/x/package.json'],
      ['MALFORMED_FILE', 'var/lib/dpkg/status.d/a'],
    ],
    finds: [goodPurl],
  },
  {
    what: 'YAML aliases that multiply',
    build: () => {
      const lock = `lockfileVersion: '9.0'\n${aliases.join('\n')}\npackages: *a30\n`;
      image([
        layer([...good, { path: 'app/pnpm-lock.yaml', content: lock }, { path: 'app/pubspec.lock', content: lock }]),
      ]);
    },
    code: 0,
    finds: [goodPurl],
  },
  {
    what: 'XML entities that multiply and read files',
    build: () => image([layer([...good, { path: 'opt/bomb-1.0.jar', content: jar(pomOf(pom)) }])]),
    code: 0,
    finds: [goodPurl],
  },
  {
    what: '__proto__ in package.json and lock files',
    build: () => {
      const content =
        '{"__proto__":{"name":"evil","version":"1"},"name":"__proto__","version":"1.0.0","constructor":{"prototype":{"a":1}}}';
      const lock =
        '{"lockfileVersion":3,"packages":{"__proto__":{"version":"1.0.0"},"node_modules/__proto__":{"version":"1.0.0"}}}';
      const paths = ['app/node_modules/x/package.json', 'app/package-lock.json'];
      image([layer([...good, { path: paths[0]!, content }, { path: paths[1]!, content: lock }, nodePackage('last')])]);
    },
    code: 0,
    finds: [goodPurl, 'pkg:npm/__proto__@1.0.0', lastPurl],
  },
  {
    what: 'a jar with a manifest of 256 MB',
    build: () => image([layer([...good, { path: 'opt/bomb.jar', content: bombOf(256 * mib) }])]),
    code: 0,
    warns: [['MALFORMED_FILE', 'opt/bomb.jar']],
    finds: [goodPurl],
  },
  {
    what: 'jars in jars in jars',
    build: () => {
      let content = bombOf(30 * mib);
      for (let depth = 0; depth < 6; depth += 1) {
        const inner = content;
        content = jar(...Array.from({ length: 16 }, (_, index) => ({ name: `lib/x${index}.jar`, content: inner })));
      }
      image([layer([...good, { path: 'opt/bomb.jar', content }])]);
    },
    code: 0,
    warns: [['MALFORMED_FILE', 'opt/bomb.jar']],
    finds: [goodPurl],
  },
  {
    what: 'a jar whose entries all lead to the same bytes',
    build: () => {
      const inner = bombOf(30 * mib);
      const claims = { offset: 0, compressedSize: deflateRawSync(inner).length, size: inner.length };
      const others = Array.from({ length: 20_000 }, (_, index) => ({ name: `lib/x${index}.jar`, content: '', claims }));
      image([
        layer([...good, { path: 'opt/bomb.jar', content: jar({ name: 'lib/x.jar', content: inner }, ...others) }]),
      ]);
    },
    code: 0,
    warns: [[expect.stringMatching(/MALFORMED_FILE|LIMIT_EXCEEDED/), 'opt/bomb.jar']],
    finds: [goodPurl],
  },
  {
    what: 'a hundred thousand packages that are none',
    build: () => {
      const stanza = (_: unknown, index: number) => `Package: x${index}\nVersion: 1 2\n`;
      const content = Array.from({ length: 100_000 }, stanza).join('\n');
      image([layer([...good, { path: 'var/lib/dpkg/status.d/many', content }])]);
    },
    code: 2,
    warns: [['MALFORMED_FILE', 'var/lib/dpkg/status.d/many']],
    finds: [goodPurl],
  },
];

beforeAll(async () => {
  home = temporaryFolder();
  canary = temporaryFolder();
  writeFileSync(join(canary, 'canary'), 'as it was');
  writeFileSync(join(home, 'cost.cjs'), costScript);
  // One advisory for every ecosystem in the images: without any, no package could be evaluated.
  advisories = writeAdvisories(
    join(home, 'osv'),
    ['Debian:13', 'npm', 'PyPI', 'Maven', 'Go'].map((ecosystem, index) => ({
      id: `CVE-2026-${index}`,
      ecosystem,
      package: 'none',
      severity: 'LOW' as const,
    })),
  );
  outside = createServer((_, response) => {
    callsToStrangers += 1;
    response.end();
  });
  await new Promise<void>((done) => outside.listen(0, '127.0.0.1', done));
  outsideUrl = `http://127.0.0.1:${(outside.address() as AddressInfo).port}`;
  execFileSync(launcher, ['--version']);
}, 240_000);

beforeEach(() => {
  layout = join(home, 'image');
  rmSync(layout, { recursive: true, force: true });
  mkdirSync(layout);
});

afterAll(async () => {
  process.stdout.write(
    `hostile images: at most ${Math.round(dearest.cpuMs)} ms of CPU and ${dearest.peakBytes >> 20} MiB\n`,
  );
  outside.close();
  await removeFolders();
});

describe.each([
  ['streams', streams],
  ['tars', tars],
  ['names', names],
  ['documents', documents],
  ['files', files],
  ['declarations', flood],
])('hostile %s', (_group, cases) => {
  it.each(cases)(
    '$what',
    async ({ build, code, error, warns = [], finds, mostBytes: most }) => {
      await build();
      const outcome = await scan(`oci:${layout}`, '-o', 'json', '--fail-on', 'critical');
      expect(refusedWith(outcome)).toBe(error);
      expect(outcome.code).toBe(code);
      if (error === undefined) expectReport(outcome, warns, finds);
      expectSmall(outcome, most);
    },
    hangMs + 60_000,
  );
});

it('scan names every broken file of an image, and finds the packages of the others', async () => {
  const contents = broken.map(([, path, content]) => ({ path, content }));
  image([layer([...good, ...contents, nodePackage('last')])]);
  const outcome = await scan(`oci:${layout}`, '-o', 'json', '--fail-on', 'critical');
  expect(outcome.code).toBe(2);
  const paths = (JSON.parse(outcome.stdout) as Report).warnings.flatMap(({ path }) => path ?? []);
  expect(broken.filter(([, path]) => !paths.includes(path))).toEqual([]);
  expectReport(outcome, [['MALFORMED_FILE']], [goodPurl, lastPurl]);
  expectSmall(outcome);
});

// Escape sequences clear the screen, forge lines and run programs in careless terminals; GitHub
// reads `::error::` from logs.
const controls = '\u001b[2J\u001b]0;x\u0007\r\n::error::\u009b31m\u202e';

it.each(['table', 'csv', 'github', 'junit', 'json'])(
  'scan writes no control characters of an image into %s',
  async (format) => {
    const forged = JSON.stringify({ name: `x${controls}`, version: `1${controls}`, license: `MIT${controls}` });
    const files: TarEntry[] = [
      { path: 'app/node_modules/x/package.json', content: forged },
      { path: `app/${controls}/node_modules/y/package.json`, content: '{"name":"y","version":"1.0.0"}' },
      { path: `srv/${controls}/node_modules/z/package.json`, content: '{' },
      { path: `../${controls}`, content: 'x' },
    ];
    const tars = [layer([...good, ...files])];
    const history = [{ created_by: `RUN ${controls}` }];
    imageWithConfig(JSON.stringify({ ...configOf(tars), history, config: { Labels: { [controls]: controls } } }), tars);
    const { code, stdout, stderr } = await scan(`oci:${layout}`, '-o', format);
    expect(code).toBe(0);
    expect(stdout).not.toBe('');
    expect(stdout).not.toMatch(/^::error::.31m/m);
    expect(`${stdout}${stderr}`.replaceAll(/\r?\n/g, '')).not.toMatch(/\p{Cc}/u);
  },
  60_000,
);

it('scan writes no control characters of an image into its errors', async () => {
  const tagged = { ...image([layer(good)]), annotations: { 'org.opencontainers.image.ref.name': controls } };
  const index = { schemaVersion: 2, manifests: [tagged, tagged] };
  writeFileSync(join(layout, 'index.json'), JSON.stringify(index));
  const outcome = await scan(`oci:${layout}`);
  expect(refusedWith(outcome)).toBe('TAG_MISSING');
  expect(outcome.stderr.trimEnd()).not.toMatch(/\p{Cc}/u);
});

it('scan writes only to its cache and opens no connection', () => {
  expect(readdirSync(canary)).toEqual(['canary']);
  expect(readFileSync(join(canary, 'canary'), 'utf8')).toBe('as it was');
  expect(readdirSync(home).toSorted()).toEqual(['cache', 'cost.cjs', 'cost.json', 'image', 'osv']);
  expect(existsSync(`/tmp/${escape}`)).toBe(false);
  expect(callsToStrangers).toBe(0);
});

/**
 * The code of the one-line error in place of a report, or of the finding for a layer that was not
 * analyzed.
 */
function refusedWith({ stdout, stderr }: Outcome): string | undefined {
  if (stdout.startsWith('{')) {
    const { findings } = JSON.parse(stdout) as Report;
    return findings.find(({ id }) => id === 'layer-not-analyzed')?.evidence['code'];
  }
  if (stdout !== '') return undefined;
  expect(stderr.trimEnd().split('\n')).toHaveLength(1);
  return /\[([A-Z0-9_]+)\]\n$/.exec(stderr)?.[1] ?? stderr;
}

function expectReport(
  { code, stdout }: Outcome,
  warns: readonly unknown[][],
  finds: readonly string[] | undefined,
): void {
  const { packages, warnings, verdict } = JSON.parse(stdout) as Report;
  for (const [warning, path] of warns) {
    expect(warnings).toContainEqual(expect.objectContaining({ code: warning, ...(path !== undefined && { path }) }));
  }
  const found = packages.map(({ purl, state }) => (state === 'present' ? purl : `${purl} ${state}`));
  if (finds) expect(found.toSorted()).toEqual(finds.toSorted());
  expect(verdict.result).toBe(['pass', 'fail', 'unknown'][code]);
}

/**
 * Memory does not depend on the machine's speed; the time of the most expensive image is only
 * printed at the end.
 */
function expectSmall({ cost }: Outcome, most = mostBytes): void {
  if (!cost) return;
  expect(cost.peakBytes).toBeLessThan(most);
  dearest = { cpuMs: Math.max(dearest.cpuMs, cost.cpuMs), peakBytes: Math.max(dearest.peakBytes, cost.peakBytes) };
}
