import { createHash } from 'node:crypto';

/** How the name of a group ends that waits for the hour of a receiver's digest. */
export const summaryMark = '\ndigest';

const stormMark = '\nstorm ';

/** The row of a channel that had so many messages that the next ones wait to become one. */
export function stormName(to: { receiver: string; channel: string; integration: number }): string {
  return `${to.receiver}${stormMark}${to.channel} ${to.integration}`;
}

/** Whether a row is of such a channel. */
export function isStormName(name: string): boolean {
  return name.includes(stormMark);
}

/** A key of an index has 2,704 bytes at most, and the key of a group holds matchers and values of labels. */
const maxNameChars = 600;

/** The row of a group that a receiver is told of, under which messages wait. */
export function groupName(receiver: string, key: string): string {
  const name = `${receiver}\n${key}`;
  return name.length <= maxNameChars ? name : `sha256 ${createHash('sha256').update(name).digest('hex')}`;
}
