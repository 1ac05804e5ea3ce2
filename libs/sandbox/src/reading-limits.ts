import { InvalidInput } from '@tidewaiter/domain';
import type { LayerLimits } from '@tidewaiter/oci';

import { type ProcessLimits, processLimits } from './layer-processes.js';

/** Limits of one layer that differ from the defaults. */
export interface ReadingLimits {
  layer: Partial<Pick<LayerLimits, 'maxUncompressedBytes' | 'maxSparseBytes' | 'maxEntries'>>;
  process: Partial<Pick<ProcessLimits, 'maxHeapMegabytes' | 'maxMemoryMegabytes'>>;
}

type LimitName = keyof ReadingLimits['layer'] | keyof ReadingLimits['process'];

/** Configurable limits, with their environment variables and bounds. */
export const limitSettings = {
  maxUncompressedBytes: { variable: 'TIDEWAITER_MAX_UNCOMPRESSED_BYTES', min: 1024 ** 2, max: 1024 ** 5 },
  maxSparseBytes: { variable: 'TIDEWAITER_MAX_SPARSE_BYTES', min: 0, max: 1024 ** 5 },
  maxEntries: { variable: 'TIDEWAITER_MAX_ENTRIES', min: 1_000, max: 10_000_000 },
  maxHeapMegabytes: { variable: 'TIDEWAITER_MAX_HEAP_MEGABYTES', min: 128, max: 16_384 },
  maxMemoryMegabytes: { variable: 'TIDEWAITER_MAX_MEMORY_MEGABYTES', min: 256, max: 65_536 },
} as const satisfies Record<LimitName, { variable: string; min: number; max: number }>;

/** Sorts limits by the component that enforces them; undefined is the default. */
export function readingLimits(given: { readonly [Name in LimitName]?: number | undefined }): ReadingLimits {
  const set = Object.entries(given).filter(([name, value]) => name in limitSettings && value !== undefined);
  const [process, layer] = [true, false].map((isOfProcess) =>
    Object.fromEntries(set.filter(([name]) => name in processLimits === isOfProcess)),
  );
  return { layer: { ...layer }, process: { ...process } };
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
