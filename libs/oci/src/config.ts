import {
  buildTime,
  InvalidInput,
  isDigest,
  LimitExceeded,
  type Digest,
  type Layer,
  type Platform,
} from '@tidewaiter/domain';

import { configTexts, type ConfigText } from './config-texts.js';
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
import { readPlatform, type Descriptor, type ImageManifest } from './manifest.js';

/** One build step. */
export interface HistoryEntry {
  /** Unchecked text of the builder; ISO 8601 if it conforms to the specification. */
  created?: string;
  createdBy?: string;
  comment?: string;
  /** Whether the step changed only the config: no layer belongs to it. */
  emptyLayer: boolean;
}

/**
 * Fields of an image config. Every text was written by the builder: data, never to be interpolated.
 */
export interface ImageConfig {
  platform: Platform;
  created?: string;
  diffIds: Digest[];
  history: HistoryEntry[];
  user?: string;
  /** `NAME=value`. */
  env: string[];
  entrypoint: string[];
  cmd: string[];
  labels: Record<string, string>;
  exposedPorts: string[];
  /** Docker extension: words of the test; starts with `NONE` if the build disabled it. */
  healthcheck?: string[];
  /** Paths that get a volume; absent if there are none. */
  volumes?: string[];
  /** All texts that `env`, `labels`, `cmd`, `entrypoint` and `history` do not have whole. */
  otherTexts?: ConfigText[];
}

const { maxConfigBytes, maxTextLength } = documentLimits;

/**
 * Reads an image's config from its blob.
 * @throws InvalidInput `CONFIG_INVALID`, `MANIFEST_AMBIGUOUS`
 * @throws LimitExceeded `maxConfigBytes`, before the blob is read
 */
export async function readImageConfig({ size }: Descriptor, blob: AsyncIterable<Uint8Array>): Promise<ImageConfig> {
  if (size > maxConfigBytes) throw new LimitExceeded('maxConfigBytes', `the image config has ${size} bytes`);
  return parseImageConfig(Buffer.concat(await Array.fromAsync(blob)));
}

/**
 * Parses an image config. Fields of a wrong type are dropped and texts are cut at `maxTextLength`,
 * because builders differ; diffIDs identify layers and must be valid.
 * @throws InvalidInput `CONFIG_INVALID`, `MANIFEST_AMBIGUOUS`
 * @throws LimitExceeded `maxConfigBytes`
 * @see https://github.com/opencontainers/image-spec/blob/main/config.md#properties
 */
export function parseImageConfig(bytes: Uint8Array): ImageConfig {
  if (bytes.length > maxConfigBytes) {
    throw new LimitExceeded('maxConfigBytes', `image config of ${bytes.length} bytes`);
  }
  const document = parseJsonObject(bytes, 'CONFIG_INVALID', 'image config');
  const run = objectField(document, 'config');
  const created = text(document, 'created');
  const user = text(run, 'User');
  const healthcheck = texts(objectField(run, 'Healthcheck'), 'Test');
  const volumes = Object.keys(objectField(run, 'Volumes')).toSorted();
  return {
    platform: readPlatform(document) ?? 'unknown/unknown',
    ...(created !== undefined && { created }),
    diffIds: readDiffIds(objectField(document, 'rootfs')),
    history: readHistory(field(document, 'history')),
    ...(user !== undefined && { user }),
    env: texts(run, 'Env'),
    entrypoint: texts(run, 'Entrypoint'),
    cmd: texts(run, 'Cmd'),
    labels: textMap(field(run, 'Labels'), maxTextLength),
    exposedPorts: Object.keys(objectField(run, 'ExposedPorts'))
      .map((port) => storableText(port, maxTextLength))
      .toSorted(),
    ...(healthcheck.length > 0 && { healthcheck }),
    ...(volumes.length > 0 && { volumes }),
    otherTexts: configTexts(document, isReadWhole),
  };
}

const readWhole =
  /^(?:architecture|os|os\.version|variant|created|rootfs|config\.(?:Env|Cmd|Entrypoint)\[\d+\]|config\.Labels\..*|history\[\d+\]\.(?:created|created_by))$/s;
const lists = /^config\.(?:Env|Cmd|Entrypoint)$/;

function isReadWhole(place: string, value: unknown): boolean {
  if (typeof value === 'string' || place === 'rootfs')
    return String(value).length <= maxTextLength && readWhole.test(place);
  return (
    Array.isArray(value) &&
    lists.test(place) &&
    value.every((each) => typeof each === 'string' && each.length <= maxTextLength)
  );
}

/**
 * Layers of an image from the bottom up.
 * @throws InvalidInput `LAYER_COUNT_MISMATCH` if manifest and config have different numbers of
 * layers
 */
export function imageLayers(manifest: ImageManifest, config: ImageConfig): Layer[] {
  if (manifest.layers.length !== config.diffIds.length) {
    const message = `manifest has ${manifest.layers.length} layers, config has ${config.diffIds.length} diffIDs`;
    throw new InvalidInput('LAYER_COUNT_MISMATCH', message);
  }
  const steps = config.history.filter((step) => !step.emptyLayer);
  // A history that skips or adds steps would assign the wrong command to a layer, which is worse
  // than none.
  const known = steps.length === manifest.layers.length;
  return config.diffIds.map((diffId, index) => {
    const { digest, size: sizeBytes, mediaType } = manifest.layers[index]!;
    const createdBy = known ? steps[index]?.createdBy : undefined;
    return { index, digest, diffId, sizeBytes, mediaType, ...(createdBy !== undefined && { createdBy }) };
  });
}

/**
 * Build time of the lowest layer, which belongs to the base image; null if the history lacks it.
 */
export function baseBuildTime({ history }: Pick<ImageConfig, 'history'>): Date | null {
  return buildTime(history.find(({ emptyLayer }) => !emptyLayer)?.created);
}

function readDiffIds(rootfs: UntrustedObject): Digest[] {
  const list = field(rootfs, 'diff_ids') ?? [];
  if (!Array.isArray(list)) throw new InvalidInput('CONFIG_INVALID', 'diff_ids of the image config is not a list');
  return list.map((value) => {
    if (!isDigest(value))
      throw new InvalidInput('CONFIG_INVALID', 'image config has a diffID that is no sha256 digest');
    return value;
  });
}

function readHistory(value: unknown): HistoryEntry[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isJsonObject).map((step) => {
    const created = text(step, 'created');
    const createdBy = text(step, 'created_by');
    const comment = text(step, 'comment');
    return {
      ...(created !== undefined && { created }),
      ...(createdBy !== undefined && { createdBy }),
      ...(comment !== undefined && { comment }),
      emptyLayer: field(step, 'empty_layer') === true,
    };
  });
}

function objectField(object: UntrustedObject, name: string): UntrustedObject {
  const value = field(object, name);
  return isJsonObject(value) ? value : {};
}

function text(object: UntrustedObject, name: string): string | undefined {
  return textField(object, name, maxTextLength);
}

function texts(object: UntrustedObject, name: string): string[] {
  const list = field(object, name);
  if (!Array.isArray(list)) return [];
  return list.filter((value) => typeof value === 'string').map((value) => storableText(value, maxTextLength));
}
