import { createHash } from 'node:crypto';

import type { CheckInfo } from './check.js';
import { dockerfileChecks } from './dockerfile/dockerfile-checks.js';
import { endOfLifeDistribution, endOfLifeRuntime } from './end-of-life/end-of-life.js';
import { imageConfigChecks, imageFileChecks } from './image/image-checks.js';
import { kubernetesChecks } from './kubernetes/kubernetes-checks.js';
import { notChecked } from './kubernetes/running-object.js';

/** All checks, by id. */
export const checks: readonly CheckInfo[] = [
  ...imageConfigChecks,
  ...imageFileChecks,
  ...dockerfileChecks,
  ...kubernetesChecks,
  notChecked,
  endOfLifeDistribution,
  endOfLifeRuntime,
]
  .map(({ id, title, severity, reason, fix, reference }) => ({ id, title, severity, reason, fix, reference }))
  .toSorted((a, b) => (a.id < b.id ? -1 : 1));

/**
 * Raise it when a check of images gives another result for the same image; new checks and changed
 * texts count by themselves.
 */
const revision = 1;

/** Version of the image checks: images evaluated under another version are evaluated again. */
export const imageChecksVersion = versionOf(checks.filter(({ id }) => id.startsWith('image-')));

function versionOf(infos: readonly CheckInfo[]): string {
  return `${revision}-${createHash('sha256').update(JSON.stringify(infos)).digest('hex').slice(0, 12)}`;
}
