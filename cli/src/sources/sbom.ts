import { open } from 'node:fs/promises';

import { type ImagePackage, LimitExceeded, NotFound, type OsRelease, type PackageRecord } from '@tidewaiter/domain';

import type { SourceKind } from './image-source.js';

const maxSbomBytes = 64 * 1024 * 1024;

/** `sbom:FILE`, or `-` for standard input: CycloneDX or SPDX in JSON, of whatever image. */
export const sbom: SourceKind = {
  async open(location) {
    const { purlOf, readSbom } = await import('@tidewaiter/analyzers');
    const content = await read(location);
    const { packages = [], damage, unread } = readSbom(content, location);
    const os = osOf(content);
    return {
      digest: null,
      mediaType: null,
      platform: null,
      configDigest: null,
      config: null,
      layers: [],
      listed: { os, packages: uniquePackages(packages, (record) => purlOf(record, os)) },
      warnings: [
        ...(damage === undefined ? [] : [{ code: 'MALFORMED_FILE', path: location, message: damage }]),
        ...(unread === undefined ? [] : [{ code: 'PACKAGES_UNKNOWN', path: location, message: unread }]),
      ],
      close: () => Promise.resolve(),
    };
  },
};

/** @throws NotFound `TARGET_MISSING`; LimitExceeded `maxSbomBytes` */
async function read(location: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of location === '-' ? process.stdin : fileChunks(location)) {
    bytes += (chunk as Buffer).length;
    if (bytes > maxSbomBytes) throw new LimitExceeded('maxSbomBytes', `SBOM of more than ${maxSbomBytes} bytes`);
    chunks.push(chunk as Buffer);
  }
  return Buffer.concat(chunks);
}

async function* fileChunks(path: string): AsyncGenerator<Buffer> {
  const file = await open(path).catch((cause: unknown) => {
    throw new NotFound('TARGET_MISSING', `${path} cannot be read`, { cause });
  });
  yield* file.createReadStream();
}

/** The distribution that its purls name; Go writes the ampersand before it as an escape. */
function osOf(content: Buffer): OsRelease | null {
  const [, id, versionId] =
    /(?:[?&]|\\u0026)distro=([a-z][a-z0-9_.-]{0,63}?)-(\d[0-9.]{0,31})/.exec(content.toString('utf8')) ?? [];
  return id === undefined || versionId === undefined ? null : { id, versionId, name: `${id} ${versionId}`, idLike: [] };
}

function uniquePackages(records: readonly PackageRecord[], purlOf: (record: PackageRecord) => string): ImagePackage[] {
  const packages = new Map<string, ImagePackage>();
  for (const record of records) {
    const purl = purlOf(record);
    if (!packages.has(purl)) packages.set(purl, { ...record, purl, layer: 0, state: 'present' });
  }
  return [...packages.values()].toSorted((a, b) => (a.purl < b.purl ? -1 : 1));
}
