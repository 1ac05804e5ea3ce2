import { Injectable } from '@nestjs/common';
import { decodeFacts } from '@tidewaiter/analyzers';
import { buildTime, type Digest } from '@tidewaiter/domain';
import type { ComparedLayer, ImageState } from '@tidewaiter/integrity';
import { canDecodeEntries, decodeEntries } from '@tidewaiter/oci';

import { ImageManifests } from '../image-manifests.js';
import { type Image, Images } from '../images.js';

/**
 * Limit on entries of an image whose files are compared: those of two images are in memory at once,
 * and comparing blocks the event loop.
 */
const maxComparedEntries = 300_000;

/** State of images for comparison, from stored facts: no layer is read again. */
@Injectable()
export class ImageStates {
  constructor(
    private readonly images: Images,
    private readonly manifests: ImageManifests,
  ) {}

  /** Returns the content of an image, without its findings and its origin. */
  async of({ digest, os, createdAt: built }: Image, known: SharedLayers): Promise<ImageState> {
    const [packages, layers, all, config, files] = await Promise.all([
      this.images.packages(digest),
      this.images.layers(digest, maxComparedEntries),
      this.images.layerList(digest),
      this.images.configOf(digest),
      this.manifests.get(digest),
    ]);
    const createdAt = buildTime(built?.toISOString());
    const ownerOf = files && ((path: string) => files.get(`/${path}`)?.package ?? undefined);
    // A partial image would make the files of the other part look removed.
    const whole = layers?.length === all.length ? layers : null;
    const compared = whole ? known.of(whole) : all.map(({ diffId }) => ({ diffId, entries: null }));
    return { os, createdAt, packages, findings: [], config, layers: compared, ...(ownerOf && { ownerOf }) };
  }
}

type StoredLayer = NonNullable<Awaited<ReturnType<Images['layers']>>>[number];

/** Decompresses stored layers, and layers that several images share only once. */
export class SharedLayers {
  readonly #layers = new Map<Digest, ComparedLayer>();

  of(layers: readonly StoredLayer[]): ComparedLayer[] {
    return layers.map((layer) => this.#unpacked(layer));
  }

  #unpacked({ diffId, entries, facts }: StoredLayer): ComparedLayer {
    // A diffID is only a claim until the blob is read.
    if (!facts || !entries) return { diffId, entries: null };
    const known = this.#layers.get(diffId);
    if (known?.entries) return known;
    const { hosts } = decodeFacts(facts);
    // Layers that an older version read are not read again for a comparison unless they are pushed
    // again.
    const decoded = canDecodeEntries(entries) ? decodeEntries(entries) : null;
    const layer = { diffId, entries: decoded, ...(hosts && { hosts }) };
    this.#layers.set(diffId, layer);
    return layer;
  }
}
