import { InvalidInput, isDigest, LimitExceeded, type Digest, type Platform } from '@tidewaiter/domain';

import {
  field,
  isJsonObject,
  parseJsonObject,
  storableText,
  textField,
  textMap,
  type UntrustedObject,
} from './json.js';
import { documentLimits } from './limits.js';
import { manifestKind, mediaTypes } from './media-types.js';

const platformPart = /^[A-Za-z0-9._-]{1,64}$/;

/**
 * Reference to a blob or manifest. @see
 * https://github.com/opencontainers/image-spec/blob/main/descriptor.md
 */
export interface Descriptor {
  mediaType: string;
  digest: Digest;
  /** Bytes of the blob in the registry. */
  size: number;
  platform?: Platform;
  annotations?: Record<string, string>;
  artifactType?: string;
  /** Other places that claim to have the blob; never fetched from. */
  urls?: string[];
}

/** @see https://github.com/opencontainers/image-spec/blob/main/manifest.md */
export interface ImageManifest {
  kind: 'manifest';
  mediaType: string;
  config: Descriptor;
  layers: Descriptor[];
  artifactType?: string;
  /** Manifest that this one is about. */
  subject?: Descriptor;
  annotations: Record<string, string>;
}

/** @see https://github.com/opencontainers/image-spec/blob/main/image-index.md */
export interface ImageIndex {
  kind: 'index';
  mediaType: string;
  manifests: Descriptor[];
  artifactType?: string;
  subject?: Descriptor;
  annotations: Record<string, string>;
}

/**
 * Parses a manifest or an index of OCI or of Docker (schema 2).
 * @param contentType media type from the registry; must agree with the document
 * @throws InvalidInput `MANIFEST_INVALID`, `MANIFEST_SCHEMA1`, `MANIFEST_AMBIGUOUS`,
 * `MEDIA_TYPE_MISMATCH`, `MANIFEST_UNSUPPORTED`
 * @throws LimitExceeded `maxManifestBytes`, `maxLayers`, `maxManifests`
 * @see https://github.com/opencontainers/image-spec/security/advisories/GHSA-77vh-xpmg-72qh for the
 * reason to reject an ambiguous document
 */
export function parseManifest(bytes: Uint8Array, contentType?: string): ImageManifest | ImageIndex {
  if (bytes.length > documentLimits.maxManifestBytes) {
    throw new LimitExceeded('maxManifestBytes', `manifest of ${bytes.length} bytes`);
  }
  const document = parseJsonObject(bytes, 'MANIFEST_INVALID', 'manifest');
  if (field(document, 'schemaVersion') === 1) {
    throw new InvalidInput(
      'MANIFEST_SCHEMA1',
      'Docker schema 1 manifests carry no trustworthy layer list; push the image again',
    );
  }
  const mediaType = agreedMediaType(document, contentType);
  return manifestKind(mediaType) === 'index' ? readIndex(document, mediaType) : readManifest(document, mediaType);
}

function agreedMediaType(document: UntrustedObject, contentType: string | undefined): string {
  const kind = kindByShape(document);
  const announced = contentType?.split(';', 1)[0]?.trim().toLowerCase() ?? '';
  // Registries and layouts also serve manifests as plain JSON, a type that cannot contradict the
  // document.
  const outside = manifestKind(announced) === undefined ? undefined : announced;
  const inside = textField(document, 'mediaType');
  if (inside !== undefined && manifestKind(inside) === undefined) {
    throw new InvalidInput('MANIFEST_UNSUPPORTED', 'manifest of a media type that is neither an image nor an index');
  }
  if (outside !== undefined && inside !== undefined && outside !== inside) {
    throw new InvalidInput('MEDIA_TYPE_MISMATCH', `manifest says ${inside}, the registry says ${outside}`);
  }
  const mediaType = inside ?? outside ?? (kind === 'index' ? mediaTypes.ociIndex : mediaTypes.ociManifest);
  if (manifestKind(mediaType) !== kind) {
    throw new InvalidInput('MEDIA_TYPE_MISMATCH', `manifest says ${mediaType} and has the shape of another type`);
  }
  return mediaType;
}

function kindByShape(document: UntrustedObject): 'index' | 'manifest' {
  const isIndex = field(document, 'manifests') !== undefined;
  const isManifest = ['layers', 'config', 'fsLayers'].some((name) => field(document, name) !== undefined);
  if (isIndex && isManifest) throw new InvalidInput('MANIFEST_AMBIGUOUS', 'manifest has both manifests and layers');
  if (!isIndex && !isManifest) throw new InvalidInput('MANIFEST_INVALID', 'manifest has neither manifests nor layers');
  return isIndex ? 'index' : 'manifest';
}

function readIndex(document: UntrustedObject, mediaType: string): ImageIndex {
  const manifests = readDescriptors(document, 'manifests', documentLimits.maxManifests, 'maxManifests');
  return { kind: 'index', mediaType, manifests, ...readReferrer(document) };
}

function readManifest(document: UntrustedObject, mediaType: string): ImageManifest {
  const config = readDescriptor(field(document, 'config'), 'config');
  const layers = readDescriptors(document, 'layers', documentLimits.maxLayers, 'maxLayers');
  return { kind: 'manifest', mediaType, config, layers, ...readReferrer(document) };
}

function readReferrer(document: UntrustedObject): Pick<ImageManifest, 'artifactType' | 'subject' | 'annotations'> {
  const artifactType = textField(document, 'artifactType');
  const subject = field(document, 'subject');
  return {
    ...(artifactType !== undefined && { artifactType }),
    ...(subject !== undefined && subject !== null && { subject: readDescriptor(subject, 'subject') }),
    annotations: textMap(field(document, 'annotations')),
  };
}

function readDescriptors(document: UntrustedObject, name: string, most: number, limit: string): Descriptor[] {
  const list = field(document, name);
  if (!Array.isArray(list)) throw new InvalidInput('MANIFEST_INVALID', `${name} of the manifest is not a list`);
  if (list.length > most) throw new LimitExceeded(limit, `manifest with ${list.length} ${name}`);
  return list.map((value, position) => readDescriptor(value, `${name}[${position}]`));
}

/** @throws InvalidInput `MANIFEST_INVALID`, `MANIFEST_AMBIGUOUS` */
export function readDescriptor(value: unknown, where: string): Descriptor {
  if (!isJsonObject(value)) throw new InvalidInput('MANIFEST_INVALID', `${where} is not a descriptor`);
  const mediaType = textField(value, 'mediaType');
  const digest = field(value, 'digest');
  const size = field(value, 'size');
  if (mediaType === undefined || mediaType.length > 255) {
    throw new InvalidInput('MANIFEST_INVALID', `${where} has no usable media type`);
  }
  if (!isDigest(digest)) throw new InvalidInput('MANIFEST_INVALID', `${where} has no sha256 digest`);
  if (typeof size !== 'number' || !Number.isSafeInteger(size) || size < 0) {
    throw new InvalidInput('MANIFEST_INVALID', `${where} has no size in bytes`);
  }
  return { mediaType, digest, size, ...readDescriptorExtras(value) };
}

function readDescriptorExtras(value: UntrustedObject): Partial<Descriptor> {
  const platform = readPlatform(field(value, 'platform'));
  const artifactType = textField(value, 'artifactType');
  const annotations = field(value, 'annotations');
  const urls = field(value, 'urls');
  return {
    ...(platform !== undefined && { platform }),
    ...(artifactType !== undefined && { artifactType }),
    ...(isJsonObject(annotations) && { annotations: textMap(annotations) }),
    ...(Array.isArray(urls) && { urls: urls.filter((url) => typeof url === 'string').map((url) => storableText(url)) }),
  };
}

/**
 * Reads `os`, `architecture` and `variant` of a descriptor's platform or an image config; undefined
 * if they are malformed.
 */
export function readPlatform(value: unknown): Platform | undefined {
  if (!isJsonObject(value)) return undefined;
  const parts = [field(value, 'os'), field(value, 'architecture')];
  const variant = field(value, 'variant');
  if (variant !== undefined && variant !== '') parts.push(variant);
  return parts.every((part) => typeof part === 'string' && platformPart.test(part)) ? parts.join('/') : undefined;
}
