import type { ImageConfig } from '@tidewaiter/oci';

import type { Check } from '../check.js';
import { readStep, type BuildStep } from './build-step.js';

/** Config of an image, with its history parsed. */
export interface ConfigFacts {
  config: ImageConfig;
  steps: readonly BuildStep[];
}

/** Differences of an example from an image without findings. */
export interface ImageExample {
  config?: Partial<ImageConfig>;
}

export type ImageCheck = Check<ConfigFacts, ImageExample>;

export function imageFacts(config: ImageConfig): ConfigFacts {
  return { config, steps: config.history.map(({ createdBy = '' }) => readStep(createdBy)) };
}

/** Files of the final image that are checked beside its config. */
export interface ImageFiles {
  /** Paths of the visible files with a setuid or setgid bit. */
  setuidFiles: readonly string[];
  /** Whether a program named sudo is visible. */
  hasSudo: boolean;
}

export type ImageFileCheck = Check<ImageFiles, Partial<ImageFiles>>;

/** Example with these steps as history. */
export function stepsExample(...createdBy: string[]): ImageExample {
  return { config: { history: createdBy.map((step) => ({ createdBy: step, emptyLayer: false })) } };
}
