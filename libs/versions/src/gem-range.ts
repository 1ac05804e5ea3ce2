import { InvalidInput } from '@tidewaiter/domain';

import { compareGem, compareGemSegments, gemSegments } from './gem.js';
import { isDigit } from './runs.js';

const requirementPattern = /^(~>|[<>!]?=|[<>])?\s*(\S+)$/;

/**
 * Whether a version meets all of these requirements, `~> 1.2, != 1.2.5`.
 * @throws InvalidInput `UNPARSABLE_VERSION`, `UNPARSABLE_RANGE`
 * @see https://guides.rubygems.org/patterns/#declaring-dependencies
 */
export function satisfiesGem(version: string, requirements: string): boolean {
  return requirements
    .split(',')
    .map((requirement) => {
      const [, operator = '=', bound] = requirementPattern.exec(requirement.trim()) ?? [];
      if (bound === undefined) throw new InvalidInput('UNPARSABLE_RANGE', 'not a requirement of RubyGems');
      return meets(version, operator, bound);
    })
    .every((isMet) => isMet);
}

function meets(version: string, operator: string, bound: string): boolean {
  const order = compareGem(version, bound);
  switch (operator) {
    case '<':
      return order < 0;
    case '<=':
      return order <= 0;
    case '>':
      return order > 0;
    case '>=':
      return order >= 0;
    case '!=':
      return order !== 0;
    case '~>':
      return order >= 0 && isOnLine(version, bound);
    default:
      return order === 0;
  }
}

/**
 * Whether the version without its pre-release stays on the line of the bound, which is the bound
 * without its last number.
 */
function isOnLine(version: string, bound: string): boolean {
  const numbers = releaseNumbers(bound);
  const line = numbers.length > 1 ? numbers.slice(0, -1) : numbers;
  return compareGemSegments(releaseNumbers(version).slice(0, line.length), line) <= 0;
}

function releaseNumbers(version: string): string[] {
  const segments = gemSegments(version);
  const firstWord = segments.findIndex((segment) => !isDigit(segment[0]));
  return firstWord === -1 ? segments : segments.slice(0, firstWord);
}
