export type { WorkloadRef } from './workload.js';
