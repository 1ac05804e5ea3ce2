import type { ImageConfig } from '@tidewaiter/oci';

import type { Check } from '../check.js';
import { readStep, type BuildStep } from './build-step.js';

/** What is known about an image beside its packages. */
export interface ImageToCheck {
  config: ImageConfig;
  /** Paths of the files with a set-uid or set-gid bit that the image shows. */
  setuidFiles: readonly string[];
  /** Whether the image shows a program named sudo. */
  hasSudo: boolean;
  /** When it was built, where something more trustworthy than its config says so. ISO 8601. */
  createdAt?: string;
}

export interface ImageFacts extends ImageToCheck {
  steps: readonly BuildStep[];
}

/** What an example says beside an image of which nothing is wrong. */
export interface ImageExample extends Partial<Omit<ImageToCheck, 'config'>> {
  config?: Partial<ImageConfig>;
}

export type ImageCheck = Check<ImageFacts, ImageExample>;

export function imageFacts(image: ImageToCheck): ImageFacts {
  return { ...image, steps: image.config.history.map(({ createdBy = '' }) => readStep(createdBy)) };
}

/** An example whose history is these steps. */
export function stepsExample(...createdBy: string[]): ImageExample {
  return { config: { history: createdBy.map((step) => ({ createdBy: step, emptyLayer: false })) } };
}
