import { Injectable } from '@nestjs/common';
import { decodeFacts } from '@tidewaiter/analyzers';
import { buildTime, type Digest } from '@tidewaiter/domain';
import {
  type ComparedLayer,
  type ComparedPlatform,
  diffImages,
  type ImageOrigin,
  type ImageState,
  pairPlatforms,
  type PlatformPair,
  type PushChanges,
  pushChanges,
} from '@tidewaiter/integrity';
import { canDecodeEntries, decodeEntries } from '@tidewaiter/oci';
import { type Image, Images, Judgements, PipelineReports, Provenances, type Push, revisionOf } from '@tidewaiter/store';

/** Entries of one image whose files are compared: those of two are in memory at once, and nothing else runs meanwhile. */
const maxComparedEntries = 300_000;

const revisionLabel = 'org.opencontainers.image.revision';

/** Compares a push with what its tag pointed to before, from what is kept of both: no layer is read again. */
@Injectable()
export class PushComparison {
  constructor(
    private readonly images: Images,
    private readonly judgements: Judgements,
    private readonly provenances: Provenances,
    private readonly reports: PipelineReports,
  ) {}

  /** Null where the tag did not point to something else before. */
  async compare(push: Push): Promise<PushChanges | null> {
    const { previousDigest } = push;
    if (push.tag === null || previousDigest === null || previousDigest === push.digest) return null;
    const before = await this.images.ofDigest(previousDigest);
    const after = await this.images.ofPush(push.id);
    const images = new Map([...before, ...after].map((image) => [image.digest, image]));
    const platforms: ComparedPlatform[] = [];
    for (const pair of pairPlatforms(before, after)) {
      const compared = await this.#comparePair(push, pair, images);
      // Of a push that was refused nothing may be known: then no platform is new.
      platforms.push(before.length > 0 ? compared : { ...compared, change: 'unread' });
    }
    return pushChanges(platforms);
  }

  async #comparePair(push: Push, pair: PlatformPair, images: ReadonlyMap<Digest, Image>): Promise<ComparedPlatform> {
    const [before, after] = [pair.before, pair.after].map((digest) =>
      digest === null ? undefined : images.get(digest),
    );
    if (!before) return { ...pair, change: 'added', diff: null };
    if (!after) return { ...pair, change: 'removed', diff: null };
    if (before.digest === after.digest) return { ...pair, change: 'same', diff: null };
    if (before.analyzersVersion === null) return { ...pair, change: 'unread', diff: null };
    const layers = new SharedLayers();
    const past = { ...push, digest: push.previousDigest };
    const diff = diffImages(await this.#stateOf(past, before, layers), await this.#stateOf(push, after, layers));
    return { ...pair, change: 'compared', diff };
  }

  async #stateOf(push: Push, image: Image, known: SharedLayers): Promise<ImageState> {
    const { digest, os } = image;
    const [packages, { findings }, layers, config, origin] = await Promise.all([
      this.images.packages(digest),
      this.judgements.of(push, [image], []),
      this.images.layers(digest),
      this.images.configOf(digest),
      this.#originOf(push, image),
    ]);
    const createdAt = buildTime(image.createdAt?.toISOString());
    return { os, createdAt, packages, findings, config, layers: known.of(layers), ...(origin && { origin }) };
  }

  /** Null where nobody's signature counts. */
  async #originOf(push: Push, { digest, labels }: Image): Promise<ImageOrigin | null> {
    const known = await this.provenances.get(push, digest);
    if (!known) return null;
    const proven = await this.reports.provenRevision(push, [push.digest ?? digest, digest]);
    const signers = known.signatures.flatMap(({ signer }) => (signer ? [signer.name] : []));
    return {
      revision: revisionOf(known.attestations) ?? proven ?? labels[revisionLabel] ?? null,
      builder: known.attestations.find(({ builder }) => builder !== null)?.builder ?? null,
      signers: [...new Set(signers)].toSorted(),
    };
  }
}

type StoredLayer = Awaited<ReturnType<Images['layers']>>[number];

/** Unpacks what is kept of layers, those that two images have in common once. */
class SharedLayers {
  readonly #layers = new Map<Digest, ComparedLayer>();

  of(layers: readonly StoredLayer[]): ComparedLayer[] {
    const entries = layers.reduce((sum, { entryCount }) => sum + entryCount, 0);
    if (entries > maxComparedEntries) return layers.map(({ diffId }) => ({ diffId, entries: null }));
    return layers.map((layer) => this.#unpacked(layer));
  }

  #unpacked({ diffId, entries, facts }: StoredLayer): ComparedLayer {
    const known = this.#layers.get(diffId);
    if (known?.entries) return known;
    const { hosts } = decodeFacts(facts);
    // What an older version read and nobody has pushed since is not read again to be compared.
    const decoded = canDecodeEntries(entries) ? decodeEntries(entries) : null;
    const layer = { diffId, entries: decoded, ...(hosts && { hosts }) };
    this.#layers.set(diffId, layer);
    return layer;
  }
}
