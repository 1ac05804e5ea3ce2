import { type FactLimits, factLimits } from '@tidewaiter/analyzers';
import { InvalidInput } from '@tidewaiter/domain';
import { imageLimits, type ImageLimits, type LayerLimits } from '@tidewaiter/oci';

import { type ProcessLimits, processLimits } from './layer-processes.js';

/** Limits of a layer and an image that differ from the defaults. */
export interface ReadingLimits {
  image: Partial<ImageLimits>;
  layer: Partial<Pick<LayerLimits, 'maxUncompressedBytes' | 'maxSparseBytes' | 'maxEntries'>>;
  process: Partial<Pick<ProcessLimits, 'maxHeapMegabytes' | 'maxMemoryMegabytes'>>;
  facts: Partial<FactLimits>;
}

type LimitName = keyof ImageLimits | keyof ReadingLimits['layer'] | keyof ReadingLimits['process'] | keyof FactLimits;

/** Configurable limits, with their environment variables and bounds. */
export const limitSettings = {
  maxUncompressedBytes: { variable: 'TIDEWAITER_MAX_UNCOMPRESSED_BYTES', min: 1024 ** 2, max: 1024 ** 5 },
  maxSparseBytes: { variable: 'TIDEWAITER_MAX_SPARSE_BYTES', min: 0, max: 1024 ** 5 },
  maxEntries: { variable: 'TIDEWAITER_MAX_ENTRIES', min: 1_000, max: 10_000_000 },
  maxImageEntries: { variable: 'TIDEWAITER_MAX_IMAGE_ENTRIES', min: 1_000, max: 100_000_000 },
  maxHeapMegabytes: { variable: 'TIDEWAITER_MAX_HEAP_MEGABYTES', min: 128, max: 16_384 },
  maxMemoryMegabytes: { variable: 'TIDEWAITER_MAX_MEMORY_MEGABYTES', min: 256, max: 65_536 },
  maxPackages: { variable: 'TIDEWAITER_MAX_PACKAGES', min: 1_000, max: 10_000_000 },
  maxSecrets: { variable: 'TIDEWAITER_MAX_SECRETS', min: 100, max: 10_000_000 },
  maxOwnedFiles: { variable: 'TIDEWAITER_MAX_OWNED_FILES', min: 10_000, max: 100_000_000 },
  maxLicenseCharacters: { variable: 'TIDEWAITER_MAX_LICENSE_CHARACTERS', min: 10_000, max: 1024 ** 3 },
} as const satisfies Record<LimitName, { variable: string; min: number; max: number }>;

/** Sorts limits by the component that enforces them; undefined is the default. */
export function readingLimits(given: { readonly [Name in LimitName]?: number | undefined }): ReadingLimits {
  const set = Object.entries(given).filter(([name, value]) => name in limitSettings && value !== undefined);
  const own = (holds: (name: string) => boolean) => Object.fromEntries(set.filter(([name]) => holds(name)));
  return {
    image: own((name) => name in imageLimits),
    layer: own((name) => !(name in imageLimits) && !(name in processLimits) && !(name in factLimits)),
    process: own((name) => name in processLimits),
    facts: own((name) => name in factLimits),
  };
}

/** @throws InvalidInput `LIMIT_INVALID` with the name of the variable */
export function limitsIn(environment: Readonly<Record<string, string | undefined>>): ReadingLimits {
  const read = Object.entries(limitSettings).map(([name, { variable, min, max }]) => {
    const text = environment[variable];
    if (text === undefined || text === '') return [name, undefined];
    const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max))
      throw new InvalidInput('LIMIT_INVALID', `${variable} must be a whole number from ${min} to ${max}`);
    return [name, value];
  });
  return readingLimits(Object.fromEntries(read));
}
