import { delimiter } from 'node:path';

import { commonSettings, configOf, httpPort, setting } from '@tidewaiter/runtime';
import { z } from 'zod';

const unitMs = { ms: 1, s: 1_000 };

const lateness = z
  .string()
  .regex(/^(?:0|[1-9]\d{0,4})(?:ms|s)$/, 'is no duration such as 500ms or 2s')
  .transform((text) => {
    const [, count = '', unit = 'ms'] = /^(\d+)(ms|s)$/.exec(text) ?? [];
    return Number(count) * unitMs[unit as keyof typeof unitMs];
  })
  .refine((ms) => ms <= 60_000, 'is more than 60s');

const folders = z.string().transform((text) => text.split(delimiter).filter((folder) => folder !== ''));

/** Configuration of the detector from its environment. */
export class DetectorConfig extends configOf({
  ...commonSettings,
  httpPort: httpPort(7072),
  /** Folders with Sigma rules beside the built-in ones, separated as in PATH. */
  ruleFolders: setting('TIDEWAITER_RULES', folders.default([])),
  /** Files with pipelines, which map the fields of those rules; in order, separated as in PATH. */
  rulePipelines: setting('TIDEWAITER_RULE_PIPELINES', folders.default([])),
  /** Time that an event waits for earlier ones that arrive by other paths. It delays alerts. */
  latenessMs: setting('TIDEWAITER_DETECTOR_LATENESS', lateness.default(200)),
}) {}
