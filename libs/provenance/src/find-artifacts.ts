import { type Digest, NotFound, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import { type Descriptor, type ImageManifest, parseManifest, type Warning } from '@tidewaiter/oci';

import { type Artifact, formOf, mayHoldArtifacts } from './artifact.js';
import { type ArtifactLimits, provenanceLimits } from './limits.js';

/** A manifest with the media type that its place declares. */
interface FetchedManifest {
  digest: Digest;
  mediaType: string;
  bytes: Uint8Array;
}

/** Place of an image and its artifacts: a repository of a registry, an OCI layout. */
export interface ArtifactPlace {
  /**
   * Manifests whose subject is this one; empty if there are none or the place does not support
   * subjects.
   */
  referrers(digest: Digest): Promise<readonly Descriptor[]>;
  /** @throws NotFound for an unknown digest or tag */
  manifest(reference: string): Promise<FetchedManifest>;
  /** Verified against digest and size at the end. */
  blob(descriptor: Pick<Descriptor, 'digest' | 'size'>): AsyncIterable<Uint8Array>;
}

/** Artifacts of one digest, with a warning if they are incomplete. */
export interface FoundArtifacts {
  artifacts: Artifact[];
  warnings: Warning[];
}

/**
 * Suffixes of the tags under which cosign stores artifacts about a digest.
 * @see https://github.com/sigstore/cosign/blob/main/specs/SIGNATURE_SPEC.md#tag-based-discovery
 */
const tagSuffixes = ['sig', 'att', 'sbom'];

/**
 * Finds signatures and statements about an image, by cosign's tags and by the referrers of OCI. An
 * unreadable artifact costs a warning: others may still be good.
 */
export async function findArtifacts(
  place: ArtifactPlace,
  image: Digest,
  limits: ArtifactLimits = provenanceLimits,
): Promise<FoundArtifacts> {
  const search = new Search(place, limits);
  try {
    // Mostly there is none: the answers are asked for at once, and read in a fixed order.
    const listing = pending(place.referrers(image));
    const tagged = tagSuffixes.map((suffix) => pending(place.manifest(`${image.replace(':', '-')}.${suffix}`)));
    for (const manifest of tagged) await search.readManifest(async () => manifest, true);
    const referrers = (await search.attempt(async () => listing)) ?? [];
    for (const { digest } of referrers.filter(mayHoldArtifacts))
      await search.readManifest(async () => place.manifest(digest), false);
  } catch (error) {
    // A registry that does not answer now will not answer a moment later; the next push or scan
    // retries.
    if (!(error instanceof Unavailable)) throw error;
    search.warn('PROVENANCE_UNREADABLE', error.message);
  }
  return search;
}

/** A request whose failure is met where its answer is read, if that comes to it. */
function pending<Answer>(request: Promise<Answer>): Promise<Answer> {
  request.catch(() => undefined);
  return request;
}

class Search implements FoundArtifacts {
  readonly artifacts: Artifact[] = [];
  readonly warnings: Warning[] = [];
  readonly #seen = new Set<string>();
  #manifests = 0;
  #bytes = 0;

  constructor(
    private readonly place: ArtifactPlace,
    private readonly limits: ArtifactLimits,
  ) {}

  warn(code: string, message: string): void {
    if (!this.warnings.some((known) => known.code === code && known.message === message)) {
      this.warnings.push({ code, path: null, message });
    }
  }

  /** @throws Unavailable */
  async attempt<Result>(read: () => Promise<Result>, isOptional = false): Promise<Result | undefined> {
    try {
      return await read();
    } catch (error) {
      if (!(error instanceof TidewaiterError) || error instanceof Unavailable) throw error;
      if (!(isOptional && error instanceof NotFound)) this.warn('PROVENANCE_UNREADABLE', error.message);
      return undefined;
    }
  }

  async readManifest(fetch: () => Promise<FetchedManifest>, isOptional: boolean): Promise<void> {
    if (this.#isCut(this.#manifests === this.limits.maxManifests)) return;
    const found = await this.attempt(async () => {
      const { digest, mediaType, bytes } = await fetch();
      return { digest, manifest: parseManifest(bytes, mediaType || undefined) };
    }, isOptional);
    if (found?.manifest.kind !== 'manifest') return;
    this.#manifests += 1;
    await this.#readLayers(found.digest, found.manifest);
  }

  async #readLayers(manifest: Digest, { layers }: ImageManifest): Promise<void> {
    for (const layer of layers) {
      const form = formOf(layer.mediaType);
      if (form === undefined || this.#isKnown(layer)) continue;
      if (this.#isCut(this.artifacts.length === this.limits.maxArtifacts)) return;
      const content = form === 'sbom' ? Buffer.alloc(0) : await this.#content(layer);
      if (!content) continue;
      this.artifacts.push({ manifest, mediaType: layer.mediaType, annotations: layer.annotations ?? {}, content });
    }
  }

  async #content(layer: Descriptor): Promise<Buffer | undefined> {
    const isLarge = layer.size > this.limits.maxArtifactBytes;
    if (this.#isCut(isLarge || this.#bytes + layer.size > this.limits.maxTotalBytes)) return undefined;
    this.#bytes += layer.size;
    return this.attempt(async () => Buffer.concat(await Array.fromAsync(this.place.blob(layer))));
  }

  /** cosign writes the same artifact under its tag and as a referrer. */
  #isKnown({ digest, annotations }: Descriptor): boolean {
    const key = `${digest} ${annotations?.['dev.cosignproject.cosign/signature'] ?? ''}`;
    if (this.#seen.has(key)) return true;
    this.#seen.add(key);
    return false;
  }

  #isCut(isOver: boolean): boolean {
    if (isOver) this.warn('PROVENANCE_CUT', 'more signatures and attestations, or larger ones, than are looked at');
    return isOver;
  }
}
