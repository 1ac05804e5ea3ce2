import { createHash } from 'node:crypto';

/** Suffix of the name under which messages wait for the summary of a receiver. */
export const summaryMark = '\nsummary';

const stormMark = '\nstorm ';

/** Name under which the next messages of a flooded channel wait, to be merged. */
export function stormName(to: { receiver: string; channel: string; integration: number }): string {
  return `${to.receiver}${stormMark}${to.channel} ${to.integration}`;
}

/** Whether a name is that of a flooded channel. */
export function isStormName(name: string): boolean {
  return name.includes(stormMark);
}

/**
 * A key of an index has 2,704 bytes at most, and the key of a group holds matchers and values of
 * labels.
 */
const maxNameChars = 600;

/** Name of a group of a receiver, under which its messages wait. */
export function groupName(receiver: string, key: string): string {
  const name = `${receiver}\n${key}`;
  return name.length <= maxNameChars ? name : `sha256 ${createHash('sha256').update(name).digest('hex')}`;
}
