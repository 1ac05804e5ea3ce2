import type { CheckInfo } from './check.js';
import { dockerfileChecks } from './dockerfile/dockerfile-checks.js';
import { imageChecks } from './image/image-checks.js';
import { kubernetesChecks } from './kubernetes/kubernetes-checks.js';

/** Every check, by id. */
export const checks: readonly CheckInfo[] = [...imageChecks, ...dockerfileChecks, ...kubernetesChecks]
  .map(({ id, title, severity, reason, fix, reference }) => ({ id, title, severity, reason, fix, reference }))
  .toSorted((a, b) => (a.id < b.id ? -1 : 1));
