export { workloadOfPodName } from './pod-name.js';
export { parseWorkloadKey, workloadKey } from './workload.js';
export type { WorkloadRef } from './workload.js';
