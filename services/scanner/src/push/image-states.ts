import { Injectable } from '@nestjs/common';
import { decodeFacts } from '@tidewaiter/analyzers';
import { buildTime, type Digest } from '@tidewaiter/domain';
import type { ComparedLayer, ImageState } from '@tidewaiter/integrity';
import { canDecodeEntries, decodeEntries } from '@tidewaiter/oci';
import { type Image, ImageManifests, Images } from '@tidewaiter/store';

/** Entries of one image whose files are compared: those of two are in memory at once, and nothing else runs meanwhile. */
const maxComparedEntries = 300_000;

/** State of images for comparison, from stored facts: no layer is read again. */
@Injectable()
export class ImageStates {
  constructor(
    private readonly images: Images,
    private readonly manifests: ImageManifests,
  ) {}

  /** The content of an image, without its findings and its origin. */
  async of({ digest, os, createdAt: built }: Image, known: SharedLayers): Promise<ImageState> {
    const [packages, layers, all, config, files] = await Promise.all([
      this.images.packages(digest),
      this.images.layers(digest),
      this.images.layerList(digest),
      this.images.configOf(digest),
      this.manifests.get(digest),
    ]);
    const createdAt = buildTime(built?.toISOString());
    const ownerOf = files && ((path: string) => files.get(`/${path}`)?.package ?? undefined);
    // Half an image would make the files of the other half look removed.
    const isWhole = layers.length === all.length;
    const compared = isWhole ? known.of(layers) : all.map(({ diffId }) => ({ diffId, entries: null }));
    return { os, createdAt, packages, findings: [], config, layers: compared, ...(ownerOf && { ownerOf }) };
  }
}

type StoredLayer = Awaited<ReturnType<Images['layers']>>[number];

/** Unpacks what is stored of layers, those that several images have in common once. */
export class SharedLayers {
  readonly #layers = new Map<Digest, ComparedLayer>();

  of(layers: readonly StoredLayer[]): ComparedLayer[] {
    const entries = layers.reduce((sum, { entryCount }) => sum + entryCount, 0);
    if (entries > maxComparedEntries) return layers.map(({ diffId }) => ({ diffId, entries: null }));
    return layers.map((layer) => this.#unpacked(layer));
  }

  #unpacked({ diffId, entries, facts }: StoredLayer): ComparedLayer {
    // A diffID is a claim until the blob was read.
    if (!facts || !entries) return { diffId, entries: null };
    const known = this.#layers.get(diffId);
    if (known?.entries) return known;
    const { hosts } = decodeFacts(facts);
    // Layers that an older version read and that were not pushed since are not read again for a comparison.
    const decoded = canDecodeEntries(entries) ? decodeEntries(entries) : null;
    const layer = { diffId, entries: decoded, ...(hosts && { hosts }) };
    this.#layers.set(diffId, layer);
    return layer;
  }
}
