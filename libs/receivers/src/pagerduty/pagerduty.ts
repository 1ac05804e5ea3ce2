import { receiver } from '../receiver.js';
import { readPagerDuty, readPagerDutyDefaults } from './config.js';

/** PagerDuty's Events API, version 2 or 1. */
export const pagerduty = receiver({
  kind: 'pagerduty',
  defaults: readPagerDutyDefaults,
  read: readPagerDuty,
  isForPrograms: true,
  sender: async () => (await import('./send.js')).pagerdutySender,
});
