import { InvalidInput, type JsonObject, type JsonValue } from '@tidewaiter/domain';

/**
 * One event of an example in a rule, in short form. It becomes a record as the sensor sends it, so
 * that an example also tests how events are parsed.
 * @see rules/README.md
 */
export interface ExampleEvent {
  /** Type of event, which implies the sensor; `about` is its main value: see the makers. */
  kind: string;
  about: JsonValue;
  /** All keys of the example, including the above. */
  members: JsonObject;
  /** Fields whose values the example sets: facts, and a detector's memory. */
  given: JsonObject;
  /** Time after the previous event, in milliseconds. */
  afterMs: number;
}

const maxRepeats = 10_000;

/** Expands an example into its events. @throws InvalidInput `EXAMPLE_INVALID` */
export function readExample(example: JsonValue): ExampleEvent[] {
  return (Array.isArray(example) ? example : [example]).flatMap(readEvents);
}

function readEvents(members: JsonValue): ExampleEvent[] {
  if (!isObject(members)) throw invalid('an example is an event, or a list of events');
  const kind = Object.keys(members).find((key) => kinds.has(key));
  if (kind === undefined) throw invalid(`an event of an example has one of ${[...kinds].join(', ')}`);
  const repeats = members['repeat'] === undefined ? 1 : Number(members['repeat']);
  if (!(repeats >= 1 && repeats <= maxRepeats)) throw invalid(`repeat is a number up to ${maxRepeats}`);
  const everyMs = duration(members['every'] ?? '0s');
  return Array.from({ length: repeats }, (_, index) => {
    const numbered = fill(members, String(index + 1)) as JsonObject;
    const given = numbered['given'] ?? {};
    return {
      kind,
      about: numbered[kind]!,
      members: numbered,
      given: isObject(given) ? given : {},
      afterMs: index === 0 ? duration(members['after'] ?? '0s') : everyMs,
    };
  });
}

export const kinds: ReadonlySet<string> = new Set([
  'exec',
  'exit',
  'read',
  'write',
  'map',
  'connect',
  'send',
  'listen',
  'hook',
  'dns',
  'falco',
  'tracee',
  'guardduty',
  'kubernetes',
  'cloudtrail',
]);

const units: Readonly<Record<string, number>> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000 };

function duration(text: JsonValue): number {
  const [, count, unit] = /^(\d+)(ms|s|m|h)$/.exec(typeof text === 'string' ? text : '') ?? [];
  if (count === undefined || unit === undefined)
    throw invalid(`${JSON.stringify(text)} is no duration such as 20ms or 3s`);
  return Number(count) * units[unit]!;
}

/** Replaces `{n}` by the number of the repetition, from 1. */
function fill(value: JsonValue, n: string): JsonValue {
  if (typeof value === 'string') return value.replaceAll('{n}', n);
  if (Array.isArray(value)) return value.map((each) => fill(each, n));
  if (!isObject(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, fill(each, n)]));
}

export function invalid(message: string): InvalidInput {
  return new InvalidInput('EXAMPLE_INVALID', message);
}

export function isObject(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
