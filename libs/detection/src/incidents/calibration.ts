import type { Calibration } from './evidence.js';

/** Written by the benchmark of judgment: see bench/README.md. */
export const calibration: Calibration = { attacks: 0, ordinaryHours: 0, rules: {} };
