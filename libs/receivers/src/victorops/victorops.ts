import { receiver } from '../receiver.js';
import { readVictorOps, readVictorOpsDefaults } from './config.js';

/** Splunk On-Call, formerly VictorOps. */
export const victorops = receiver({
  kind: 'victorops',
  defaults: readVictorOpsDefaults,
  read: readVictorOps,
  isForPrograms: true,
  sender: async () => (await import('./send.js')).victoropsSender,
});
