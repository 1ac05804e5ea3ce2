export { QueueModule } from './queue.module.js';
export type { QueueOptions } from './queue.module.js';
export type { Job, JobHandler, JobLedger, JobProblem, QueuedJob } from './job-handler.js';
export { fairJobsAtOnce } from './fair-work.js';
