export type { LogSource, SigmaEvent } from './event.js';
