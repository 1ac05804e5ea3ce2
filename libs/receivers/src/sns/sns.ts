import { receiver } from '../receiver.js';
import { readAwsDefaults, readSns } from './config.js';

/** Amazon's Simple Notification Service: a topic, a phone or an app. */
export const sns = receiver({
  kind: 'sns',
  defaults: readAwsDefaults,
  read: readSns,
  sender: async () => (await import('./send.js')).snsSender,
});
