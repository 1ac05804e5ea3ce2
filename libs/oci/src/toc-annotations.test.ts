import { InvalidInput } from '@tidewaiter/domain';

import type { ImageManifest } from './manifest.js';
import { lastBytes, verifyTocAnnotations } from './toc-annotations.js';

const digest = `sha256:${'a'.repeat(64)}`;
const position = 'io.github.containers.zstd-chunked.manifest-position';

/** Layer of 1,000 bytes, whose footer names a table of 200 bytes at 700. */
function layerEnd(): Buffer {
  const end = Buffer.alloc(72);
  end.write('502a4d1840000000', 'hex');
  for (const [at, number] of [700, 200, 900, 1].entries()) end.writeBigUInt64LE(BigInt(number), 8 + 8 * at);
  end.write('GNUlInUx', 64);
  return end;
}

async function problemOf(annotations: Record<string, string>, end: Buffer | null = layerEnd()): Promise<string | null> {
  const layer = { mediaType: 'application/vnd.oci.image.layer.v1.tar+zstd', digest, size: 1000, annotations };
  const manifest: ImageManifest = {
    ...{ kind: 'manifest', mediaType: '', annotations: {} },
    config: { mediaType: '', digest, size: 2 },
    layers: [layer],
  };
  try {
    await verifyTocAnnotations(manifest, async (_, bytes) => end?.subarray(-bytes) ?? null);
    return null;
  } catch (error) {
    if (error instanceof InvalidInput) return error.code;
    throw error;
  }
}

describe('verifyTocAnnotations', () => {
  it.each<[string, Record<string, string>]>([
    ['the table of the footer', { [position]: '700:200:900:1' }],
    ['the same under an older name', { 'io.containers.zstd-chunked.manifest-position': '700:200:900:1' }],
    ['no table', { 'org.example': 'x' }],
  ])('accepts a manifest that names %s', async (_, annotations) => {
    expect(await problemOf(annotations)).toBeNull();
  });

  it.each(['0:200:900:1', '700:199:900:1', '700', '', '0x2bc:200:900:1', ' 700:200'])(
    'rejects a manifest that names a table at %j',
    async (place) => {
      expect(await problemOf({ [position]: place })).toBe('TOC_MISMATCH');
    },
  );

  it('rejects one whose second annotation names another table', async () => {
    const both = { [position]: '700:200:900:1', 'io.containers.zstd-chunked.manifest-position': '1:2:3:1' };
    expect(await problemOf(both)).toBe('TOC_MISMATCH');
  });

  it('rejects a table of a layer without a footer, and leaves a missing layer to its reader', async () => {
    expect(await problemOf({ [position]: '700:200:900:1' }, Buffer.alloc(72))).toBe('TOC_MISMATCH');
    expect(await problemOf({ [position]: '700:200:900:1' }, null)).toBeNull();
  });

  it.each(['containerd.io/snapshot/nydus-blob', 'containerd.io/snapshot/overlaybd/blob-digest'])(
    'rejects the layer of a snapshotter by %s',
    async (name) => {
      expect(await problemOf({ [name]: 'true' })).toBe('SNAPSHOT_UNSUPPORTED');
    },
  );
});

describe('lastBytes', () => {
  it('returns the end of a blob, or all of a short one', async () => {
    const blob = async function* () {
      for (const part of ['abc', 'de', '', 'f']) yield Buffer.from(part);
    };
    expect((await lastBytes(blob(), 4)).toString()).toBe('cdef');
    expect((await lastBytes(blob(), 72)).toString()).toBe('abcdef');
  });
});
