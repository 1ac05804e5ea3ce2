import { InvalidInput } from '@tidewaiter/domain';

import type { VersionComparer } from './version-schemes.js';

/** `[1.0,2.0)`. A missing bound is an empty text. */
export interface Interval {
  lower: string;
  includesLower: boolean;
  upper: string;
  includesUpper: boolean;
}

const intervalPattern = /([[(])([^\])]*)([\])])\s*/y;
const commaPattern = /,\s*/y;

/**
 * Parses intervals in brackets, with or without commas between them.
 * @throws InvalidInput `UNPARSABLE_RANGE`
 */
export function parseIntervals(text: string): Interval[] {
  const intervals = [];
  for (let position = 0; position < text.length;) {
    intervalPattern.lastIndex = position;
    const [all, opening, content, closing] = intervalPattern.exec(text) ?? [];
    if (all === undefined || content === undefined) throw unparsable();
    intervals.push(parseInterval(content, opening === '[', closing === ']'));
    commaPattern.lastIndex = position + all.length;
    position += all.length + (commaPattern.exec(text)?.[0].length ?? 0);
  }
  return intervals;
}

function parseInterval(content: string, includesLower: boolean, includesUpper: boolean): Interval {
  const comma = content.indexOf(',');
  const isExact = includesLower && includesUpper && content.trim() !== '';
  if (comma === -1 && !isExact) throw unparsable();
  const lower = content.slice(0, comma === -1 ? undefined : comma).trim();
  const upper = content.slice(comma + 1).trim();
  return { lower, includesLower, upper, includesUpper };
}

/**
 * @throws InvalidInput `UNPARSABLE_VERSION`, and `UNPARSABLE_RANGE` for an empty interval, which
 * its author did not mean
 */
export function isInInterval(version: string, interval: Interval, compare: VersionComparer): boolean {
  const { lower, includesLower, upper, includesUpper } = interval;
  if (lower !== '' && upper !== '' && compare(lower, upper) > (includesLower && includesUpper ? 0 : -1)) {
    throw unparsable();
  }
  const isAbove = lower === '' || compare(lower, version) < (includesLower ? 1 : 0);
  const isBelow = upper === '' || compare(version, upper) < (includesUpper ? 1 : 0);
  return isAbove && isBelow;
}

function unparsable(): InvalidInput {
  return new InvalidInput('UNPARSABLE_RANGE', 'not a range of versions in brackets');
}
