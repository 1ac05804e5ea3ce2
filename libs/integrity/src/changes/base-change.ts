import type { ImageState } from './image-state.js';

/** Base image and distribution of an image. */
export interface BaseState {
  /** Reference and digest from the labels of the image itself. */
  name: string | null;
  digest: string | null;
  /** `debian 12`. */
  os: string | null;
  layers: number;
}

export interface BaseChange {
  /** Null if unknown. */
  isChanged: boolean | null;
  before: BaseState;
  after: BaseState;
  /** Number of lowest layers that both have. */
  commonLayers: number;
}

/** Compares the base images by label, distribution and lowest layers. */
export function baseChange(before: ImageState, after: ImageState): BaseChange {
  const [old, current] = [before, after].map(baseOf) as [BaseState, BaseState];
  const commonLayers = countCommon(before.layers, after.layers);
  const differs = (['name', 'digest', 'os'] as const).some(
    (field) => old[field] !== null && current[field] !== null && old[field] !== current[field],
  );
  return {
    isChanged: differs || isOtherGround(before.layers, after.layers),
    before: old,
    after: current,
    commonLayers,
  };
}

function baseOf({ os, config, layers }: ImageState): BaseState {
  const release = os && [os.id, os.versionId].filter(Boolean).join(' ');
  return { name: config?.base.name ?? null, digest: config?.base.digest ?? null, os: release, layers: layers.length };
}

/** Whether the lowest layers differ, for images of more than one layer. */
function isOtherGround(before: ImageState['layers'], after: ImageState['layers']): boolean | null {
  const [old, current] = [before[0]?.diffId ?? null, after[0]?.diffId ?? null];
  if (old === null || current === null) return null;
  return old !== current && before.length > 1 && after.length > 1;
}

function countCommon(before: ImageState['layers'], after: ImageState['layers']): number {
  const other = before.findIndex(({ diffId }, index) => diffId === null || diffId !== after[index]?.diffId);
  return other === -1 ? before.length : other;
}
