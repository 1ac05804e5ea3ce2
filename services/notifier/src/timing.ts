import { createHash } from 'node:crypto';

/** How the name of a group ends that waits for the hour of a receiver's digest. */
export const digestMark = '\ndigest';

/** A key of an index has 2,704 bytes at most, and the key of a group holds matchers and values of labels. */
const maxNameChars = 600;

/** The row of a group that a receiver is told of, under which messages wait. */
export function groupName(receiver: string, key: string): string {
  const name = `${receiver}\n${key}`;
  return name.length <= maxNameChars ? name : `sha256 ${createHash('sha256').update(name).digest('hex')}`;
}
