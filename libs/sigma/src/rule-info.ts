import type { JsonObject } from '@tidewaiter/domain';
import { type Located, type LocatedMap, plainOf } from '@tidewaiter/yaml';

import { RuleError, shown } from './rule-error.js';
import { textAt, textOf, textsAt } from './rule-fields.js';

export const levels = ['informational', 'low', 'medium', 'high', 'critical'] as const;

export type Level = (typeof levels)[number];

/** Metadata of a rule. */
export interface RuleInfo {
  /** The rule's `id`; without one its name, else its file and line. */
  id: string;
  /** Name by which correlations and filters may refer to it. */
  name: string | null;
  title: string;
  /** `medium` where the rule sets none. */
  level: Level;
  /** Author; the Detection Rule License requires that it is shown with every match. */
  author: string | null;
  license: string | null;
  status: string | null;
  description: string | null;
  references: readonly string[];
  tags: readonly string[];
  falsepositives: readonly string[];
  file: string;
  /** First line of its document, from 1. */
  line: number;
  /** Keys that are not Sigma's. */
  custom: JsonObject;
}

/** @throws RuleError */
export function readRuleInfo(map: LocatedMap, file: string, line: number): RuleInfo {
  const title = textAt(map, 'title');
  if (title === null) throw new RuleError(line, 'no title');
  const name = textAt(map, 'name');
  return {
    id: textAt(map, 'id') ?? name ?? `${file}:${line}`,
    name,
    title,
    level: levelOf(map.get('level')),
    author: textAt(map, 'author'),
    license: textAt(map, 'license'),
    status: textAt(map, 'status'),
    description: textAt(map, 'description'),
    references: textsAt(map, 'references'),
    tags: textsAt(map, 'tags'),
    falsepositives: textsAt(map, 'falsepositives'),
    file,
    line,
    custom: Object.fromEntries(
      [...map].filter(([key]) => !sigmaKeys.has(key)).map(([key, each]) => [key, plainOf(each)]),
    ),
  };
}

function levelOf(located: Located | undefined): Level {
  if (!located || located.value === null) return 'medium';
  const level = levels.find((each) => each === located.value);
  if (!level)
    throw new RuleError(located.line, `level ${shown(textOf(located, 'level'))} is none of ${levels.join(', ')}`);
  return level;
}

/** @see Sigma rules specification 2.1 */
const sigmaKeys: ReadonlySet<string> = new Set([
  'author',
  'correlation',
  'date',
  'description',
  'detection',
  'falsepositives',
  'fields',
  'filter',
  'generate',
  'id',
  'level',
  'license',
  'logsource',
  'modified',
  'name',
  'references',
  'related',
  'scope',
  'status',
  'tags',
  'taxonomy',
  'title',
]);
