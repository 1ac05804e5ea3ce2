import { createHash } from 'node:crypto';

import { type Digest, InvalidInput, NotFound } from '@tidewaiter/domain';
import { documentLimits, mediaTypes, parseImageConfig, readLayer } from '@tidewaiter/oci';

import { archiveFiles } from './archive-files.js';
import type { ImageSource, SourceKind } from './image-source.js';
import { readAll, type LayoutFiles } from './layout-store.js';
import { splitLocation } from './location.js';

const { maxConfigBytes, maxLayers } = documentLimits;

/**
 * One image of the archive.
 * @see
 * https://github.com/moby/docker-image-spec/blob/main/v1.2.md#combined-image-json--filesystem-changeset-format
 */
interface SavedImage {
  Config: string;
  RepoTags: string[];
  Layers: string[];
}

/** `docker-archive:FILE[:NAME:TAG]`: what `docker save` writes. */
export const dockerArchive: SourceKind = {
  async open(location) {
    const { path, reference } = await splitLocation(location);
    const files = await archiveFiles(path);
    const saved = chooseImage(await readManifest(files), reference);
    const [name] = saved.RepoTags;
    return { ...(await openSaved(files, saved)), ...(name !== undefined && { name }) };
  },
};

async function openSaved(files: LayoutFiles, saved: SavedImage): Promise<ImageSource> {
  const bytes = await readAll(files, saved.Config, maxConfigBytes, 'maxConfigBytes');
  const config = parseImageConfig(bytes);
  if (config.diffIds.length !== saved.Layers.length) {
    const counts = `${saved.Layers.length} layers, the config has ${config.diffIds.length} diffIDs`;
    throw new InvalidInput('LAYER_COUNT_MISMATCH', `the archive has ${counts}`);
  }
  const steps = config.history.filter(({ emptyLayer }) => !emptyLayer);
  const layers = saved.Layers.map(async (path, index) => ({
    index,
    // The archive has no digest of a compressed blob; the diffID is checked while reading.
    digest: config.diffIds[index]!,
    diffId: config.diffIds[index]!,
    sizeBytes: await files.size(path),
    mediaType: mediaTypes.dockerLayer,
    ...(steps[index]?.createdBy !== undefined && { createdBy: steps[index].createdBy }),
    open: () => files.read(path),
    verify: () => checkDiffId(files.read(path), config.diffIds[index]!),
  }));
  return {
    digest: null,
    mediaType: mediaTypes.dockerManifest,
    platform: config.platform,
    configDigest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`,
    config,
    layers: await Promise.all(layers),
    warnings: [],
    close: () => files.close(),
  };
}

async function checkDiffId(blob: AsyncIterable<Uint8Array>, expectedDiffId: Digest): Promise<void> {
  const mediaType = mediaTypes.dockerLayer;
  await readLayer(blob, { mediaType, expectedDiffId, wants: () => false, take: () => undefined });
}

async function readManifest(files: LayoutFiles): Promise<SavedImage[]> {
  const bytes = await readAll(files, 'manifest.json', maxConfigBytes, 'maxConfigBytes');
  try {
    const images: unknown = JSON.parse(bytes.toString('utf8'));
    if (Array.isArray(images) && images.length > 0 && images.every(isSavedImage)) {
      return images.map((image) => ({ ...image, RepoTags: image.RepoTags ?? [] }));
    }
  } catch (cause) {
    throw new InvalidInput('MANIFEST_INVALID', 'manifest.json of the archive is no JSON', { cause });
  }
  throw new InvalidInput('MANIFEST_INVALID', 'manifest.json of the archive lists no images');
}

function isSavedImage(value: unknown): value is SavedImage {
  const { Config, RepoTags, Layers } = (value ?? {}) as Partial<Record<keyof SavedImage, unknown>>;
  const isTexts = (list: unknown) => Array.isArray(list) && list.every((each) => typeof each === 'string');
  const isSmall = Array.isArray(Layers) && Layers.length <= maxLayers;
  return typeof Config === 'string' && (RepoTags == null || isTexts(RepoTags)) && isTexts(Layers) && isSmall;
}

/** @throws NotFound `MANIFEST_UNKNOWN`; InvalidInput `TAG_MISSING` */
function chooseImage(images: readonly SavedImage[], name: string): SavedImage {
  const tags = images.flatMap(({ RepoTags }) => RepoTags);
  const offer = tags.length > 0 ? tags.slice(0, 20).join(', ') : 'none with a name';
  if (name === '') {
    if (images.length === 1) return images[0]!;
    throw new InvalidInput('TAG_MISSING', `the archive holds several images, name one: ${offer}`);
  }
  const isNamed = (tag: string) => tag === name || tag.endsWith(`/${name}`) || tag.endsWith(`:${name}`);
  const found = images.find(({ RepoTags }) => RepoTags.some(isNamed));
  if (!found) throw new NotFound('MANIFEST_UNKNOWN', `the archive has no ${name}; there is ${offer}`);
  return found;
}
