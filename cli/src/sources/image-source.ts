import type { Digest, Finding, ImagePackage, Layer, OsRelease, Platform } from '@tidewaiter/domain';
import type { ImageConfig, TreeMember, Warning } from '@tidewaiter/oci';
import type { ArtifactPlace } from '@tidewaiter/provenance';

/** An image that can be read, wherever it lies. */
export interface ImageSource {
  /** Null where the place knows none, as a folder does. */
  digest: Digest | null;
  mediaType: string | null;
  platform: Platform | null;
  configDigest: Digest | null;
  config: ImageConfig | null;
  /** What a registry or `docker save` calls it: `ghcr.io/shop/cart:1.2`. */
  name?: string;
  /** From the bottom up. */
  layers: SourceLayer[];
  /** The files of a place that has no layers. */
  tree?: () => AsyncIterable<TreeMember>;
  /** The packages of a place that says them itself. */
  listed?: { os: OsRelease | null; packages: ImagePackage[] };
  /** What is wrong with a file that is no image. */
  checked?: Finding[];
  /** Where it is said who signed the image, and of which digests: its own, and those of the indexes that it was reached by. */
  signed?: { place: ArtifactPlace; digests: readonly Digest[] };
  /** What could not be read so far. */
  warnings: Warning[];
  close(): Promise<void>;
}

export interface SourceLayer extends Layer {
  /** The blob from its start; trustworthy only once the end is reached without an error. */
  open(): AsyncIterable<Uint8Array>;
  /** The same from the registry itself, where `open` may have gone to a mirror: asked when what that gave could not be read. */
  openOriginal?(): AsyncIterable<Uint8Array>;
  /**
   * Checks that the blob is what its names say, where it is at hand: its content may be known from an earlier reading.
   * @throws InvalidInput `DIGEST_MISMATCH`, `SIZE_MISMATCH`, `DIFF_ID_MISMATCH`
   */
  verify?(): Promise<void>;
}

export interface SourceOptions {
  /** Undefined for the platform of this machine, or the only one that there is. */
  platform?: Platform;
  /** Whether registries may be spoken to without TLS, or with a certificate that nobody vouches for. */
  isInsecure: boolean;
  /** Whether nothing may be asked of the network. */
  isOffline: boolean;
  signal: AbortSignal;
}

/** One way to name an image. */
export interface SourceKind {
  /** What stands before the colon of a target. */
  scheme: string;
  /** @throws NotFound, InvalidInput, LimitExceeded, Unavailable, AccessDenied */
  open(location: string, options: SourceOptions): Promise<ImageSource>;
}
