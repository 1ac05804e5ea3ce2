import { receiver } from '../receiver.js';
import { readSplunkHec } from './config.js';

/** Splunk, by its HTTP Event Collector. */
export const splunkHec = receiver({
  kind: 'splunk_hec',
  read: readSplunkHec,
  isForPrograms: true,
  sender: async () => (await import('./send.js')).splunkHecSender,
});
