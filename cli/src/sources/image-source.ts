import type { Lifecycles } from '@tidewaiter/checks';
import type { Digest, Finding, ImagePackage, Layer, OsRelease, Platform } from '@tidewaiter/domain';
import type { Descriptor, ImageConfig, TreeMember, Warning } from '@tidewaiter/oci';
import type { ArtifactPlace } from '@tidewaiter/provenance';

/** A readable image, whatever its place. */
export interface ImageSource {
  /** Null where the place has none, as a folder does. */
  digest: Digest | null;
  mediaType: string | null;
  platform: Platform | null;
  configDigest: Digest | null;
  config: ImageConfig | null;
  /** Name in a registry or in `docker save`: `ghcr.io/shop/cart:1.2`. */
  name?: string;
  /** From the bottom up. */
  layers: SourceLayer[];
  /** The files of a place without layers. */
  tree?: () => AsyncIterable<TreeMember>;
  /** Findings of the Dockerfiles and manifests in a folder, once its {@link tree} was read. */
  fileFindings?: (lifecycles: Lifecycles) => Promise<Finding[]>;
  /** The packages of a place that lists them itself, such as an SBOM. */
  listed?: { os: OsRelease | null; packages: ImagePackage[] };
  /** Checks of a file that is not an image. */
  checked?: CheckedFile;
  /**
   * Place of the image's signatures, and the signed digests: its own, and those of the indexes that
   * led to it.
   */
  signed?: { place: ArtifactPlace; digests: readonly Digest[] };
  /** Manifests of those indexes that hold what BuildKit attests of the image. */
  buildStatements?: readonly Descriptor[];
  /** Warnings about unreadable parts so far. */
  warnings: Warning[];
  close(): Promise<void>;
}

/** Findings of a file, by the ends of support of some products. */
export interface CheckedFile {
  products: readonly string[];
  find: (lifecycles: Lifecycles) => Finding[];
}

export interface SourceLayer extends Layer {
  /** The blob from its start; trustworthy only once the end is reached without an error. */
  open(): AsyncIterable<Uint8Array>;
  /**
   * The same blob from the registry itself, where `open` may use a mirror: called when the mirror's
   * content could not be read.
   */
  openOriginal?(): AsyncIterable<Uint8Array>;
  /**
   * Checks that the blob matches its digest, size and diffID, where it is local: its content may be
   * cached from an earlier scan.
   * @throws InvalidInput `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `DIFF_ID_MISMATCH`
   */
  verify?(): Promise<void>;
  /** State of a local blob; two of the same state are the same blob. */
  state?(): Promise<string>;
}

export interface SourceOptions {
  /** Undefined for the platform of this machine, or the only one available. */
  platform?: Platform;
  /** Whether registries may be used without TLS, or with an untrusted certificate. */
  isInsecure: boolean;
  /** Whether network access is forbidden. */
  isOffline: boolean;
  signal: AbortSignal;
}

/** One way to name an image. */
export interface SourceKind {
  /** @throws NotFound, InvalidInput, LimitExceeded, Unavailable, AccessDenied */
  open(location: string, options: SourceOptions): Promise<ImageSource>;
}
