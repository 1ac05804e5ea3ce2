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

  /** Returns the contents of images, in their order, without their findings and their origin. */
  async of(images: readonly Image[], known: SharedLayers): Promise<ImageState[]> {
    const digests = images.map(({ digest }) => digest);
    const [packages, layers, configs, manifests] = await Promise.all([
      this.images.packagesOf(digests),
      this.images.layersOf(digests, maxComparedEntries),
      this.images.configsOf(digests),
      this.manifests.of(digests),
    ]);
    const states: ImageState[] = [];
    for (const [index, { digest, os, createdAt }] of images.entries()) {
      const files = manifests[index];
      const ownerOf = files && ((path: string) => files.get(`/${path}`)?.package ?? undefined);
      const whole = layers.get(digest);
      states.push({
        os,
        createdAt: buildTime(createdAt?.toISOString()),
        packages: packages.get(digest) ?? [],
        findings: [],
        config: configs.get(digest) ?? null,
        layers: whole ? known.of(whole) : await this.#unread(digest),
        ...(ownerOf && { ownerOf }),
      });
    }
    return states;
  }

  async #unread(digest: Digest): Promise<ComparedLayer[]> {
    const listed = await this.images.layerList(digest);
    return listed.map(({ diffId }) => ({ diffId, entries: null }));
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
