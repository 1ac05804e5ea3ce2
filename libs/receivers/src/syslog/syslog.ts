import { receiver } from '../receiver.js';
import { readSyslog } from './config.js';

/** A syslog server. */
export const syslog = receiver({
  kind: 'syslog',
  read: readSyslog,
  isForPrograms: true,
  isHttp: false,
  sender: async () => (await import('./send.js')).syslogSender,
});
