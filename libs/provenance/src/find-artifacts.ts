import { type Digest, NotFound, TidewaiterError, Unavailable } from '@tidewaiter/domain';
import {
  attestationsOf,
  type Descriptor,
  documentLimits,
  type ImageManifest,
  mediaTypes,
  parseManifest,
  type Warning,
} from '@tidewaiter/oci';

import { type Artifact, formOf, isJsonSbom, mayHoldArtifacts, type SbomSource, type UnsignedSbom } from './artifact.js';
import { type ArtifactLimits, provenanceLimits, sbomLimits } from './limits.js';
import { isSbomPredicate } from './statement.js';

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
  /** SBOMs without a signature, of which nothing is read yet. */
  sboms: UnsignedSbom[];
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
  const search = new Search(place, image, limits);
  return search.run(async () => {
    // Mostly there is none: the answers are asked for at once, and read in a fixed order.
    const listing = pending(place.referrers(image));
    const tagged = tagSuffixes.map((suffix) => pending(place.manifest(`${image.replace(':', '-')}.${suffix}`)));
    for (const manifest of tagged) await search.readManifest(async () => manifest, 'tag');
    const referrers = (await search.attempt(async () => listing)) ?? [];
    for (const { digest } of referrers.filter(mayHoldArtifacts))
      await search.readManifest(async () => place.manifest(digest), 'referrer');
  });
}

/**
 * Finds the statements of BuildKit about an image, which lie in its index.
 * @param manifests of the index; read when everything else is known
 * @param areAllRead whether statements beside SBOMs are read
 */
export async function findBuildStatements(
  place: ArtifactPlace,
  image: Digest,
  manifests: () => Promise<readonly Descriptor[]>,
  limits: ArtifactLimits,
  areAllRead: boolean,
): Promise<FoundArtifacts> {
  const search = new Search(place, image, { ...limits, maxManifests: sbomLimits.maxManifests }, areAllRead);
  return search.run(async () => {
    const found = (await search.attempt(manifests)) ?? [];
    // A copy of one platform lacks the statements that its index still lists.
    for (const { digest } of found) await search.readManifest(async () => place.manifest(digest), 'buildkit');
  });
}

/**
 * Manifests of an index, or of an index in it, that hold what BuildKit attests of an image.
 * @throws as `ArtifactPlace.manifest` and `parseManifest`
 */
export async function buildStatementsWithin(
  place: ArtifactPlace,
  index: Digest,
  image: Digest,
  depth: number = documentLimits.maxIndexDepth,
): Promise<readonly Descriptor[]> {
  const { bytes, mediaType } = await place.manifest(index);
  const parsed = parseManifest(bytes, mediaType || undefined);
  if (parsed.kind !== 'index') return [];
  const isHere = parsed.manifests.some(({ digest }) => digest === image);
  if (isHere || depth === 1) return attestationsOf(parsed, image);
  for (const inner of parsed.manifests.filter(isIndex).slice(0, sbomLimits.maxManifests)) {
    const found = await buildStatementsWithin(place, inner.digest, image, depth - 1);
    if (found.length > 0) return found;
  }
  return [];
}

function isIndex({ mediaType }: Descriptor): boolean {
  return mediaType === mediaTypes.ociIndex || mediaType === mediaTypes.dockerManifestList;
}

/** A request whose failure is met where its answer is read, if that comes to it. */
function pending<Answer>(request: Promise<Answer>): Promise<Answer> {
  request.catch(() => undefined);
  return request;
}

class Search implements FoundArtifacts {
  readonly artifacts: Artifact[] = [];
  readonly sboms: UnsignedSbom[] = [];
  readonly warnings: Warning[] = [];
  readonly #seen = new Set<string>();
  #manifests = 0;
  #bytes = 0;

  constructor(
    private readonly place: ArtifactPlace,
    private readonly image: Digest,
    private readonly limits: ArtifactLimits,
    private readonly areAllRead = true,
  ) {}

  async run(read: () => Promise<void>): Promise<FoundArtifacts> {
    try {
      await read();
    } catch (error) {
      // A registry that does not answer now will not answer a moment later; the next push or scan
      // retries.
      if (!(error instanceof Unavailable)) throw error;
      this.warn('PROVENANCE_UNREADABLE', error.message);
    }
    return this;
  }

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

  async readManifest(fetch: () => Promise<FetchedManifest>, source: SbomSource): Promise<void> {
    if (this.#isCut(this.#manifests === this.limits.maxManifests)) return;
    const found = await this.attempt(async () => {
      const { digest, mediaType, bytes } = await fetch();
      return { digest, manifest: parseManifest(bytes, mediaType || undefined) };
    }, source !== 'referrer');
    if (found?.manifest.kind !== 'manifest') return;
    this.#manifests += 1;
    await this.#readLayers(found.digest, found.manifest, source);
  }

  async #readLayers(artifact: Digest, manifest: ImageManifest, source: SbomSource): Promise<void> {
    for (const layer of manifest.layers) {
      const mediaType = contentType(layer, manifest);
      const form = formOf(mediaType);
      if (form === undefined || this.#isKnown(layer)) continue;
      if (this.#isCut(this.artifacts.length === this.limits.maxArtifacts)) return;
      const isSbom = form === 'sbom' || (source === 'buildkit' && isSbomStatement(layer));
      if (!isSbom && source === 'buildkit' && !this.areAllRead) continue;
      // A registry may list any manifest as a referrer.
      const isAboutImage = manifest.subject === undefined || manifest.subject.digest === this.image;
      if (isSbom && isAboutImage && (form === 'envelope' || isJsonSbom(mediaType)))
        this.sboms.push({ source, subject: this.image, artifact, blob: layer, isStatement: form === 'envelope' });
      const content = isSbom ? Buffer.alloc(0) : await this.#content(layer);
      if (!content) continue;
      const annotations = layer.annotations ?? {};
      this.artifacts.push({ manifest: artifact, mediaType: isSbom ? sbomType : mediaType, annotations, content });
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

/** Media type of SBOMs of any kind, which are mentioned without being read. */
const sbomType = 'application/spdx+json';

/**
 * Whether a layer of BuildKit is a statement with an SBOM. @see
 * https://github.com/moby/buildkit/blob/master/docs/attestations/attestation-storage.md#attestation-manifest
 */
function isSbomStatement({ mediaType, annotations }: Descriptor): boolean {
  return (
    mediaType === 'application/vnd.in-toto+json' && isSbomPredicate(annotations?.['in-toto.io/predicate-type'] ?? '')
  );
}

/** ORAS writes a file of unknown type as a layer of an artifact that has the type. */
function contentType({ mediaType }: Descriptor, { artifactType = '', config, layers }: ImageManifest): string {
  if (formOf(mediaType) !== undefined || layers.length > 1) return mediaType;
  return [artifactType, config.mediaType].find(isJsonSbom) ?? mediaType;
}
