/** A sensor's own idea of how urgent an event is, Falco's words, most urgent first. */
export const priorities = [
  'emergency',
  'alert',
  'critical',
  'error',
  'warning',
  'notice',
  'informational',
  'debug',
] as const;

export type Priority = (typeof priorities)[number];
