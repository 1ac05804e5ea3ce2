/** A sensor's own priority of an event, in Falco's words, most urgent first. */
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
