import { InvalidInput, type JsonObject, type JsonValue } from '@tidewaiter/domain';

/**
 * One event of an example in a rule, in few words. What it says becomes a record as the sensor sends it, so that an example tests how
 * events are read, too. @see rules/README.md
 */
export interface ExampleEvent {
  /** Which sensor's event it is, and the one thing that it is about: see the makers. */
  kind: string;
  about: JsonValue;
  /** All that the example says, the above included. */
  said: JsonObject;
  /** Fields whose answers the example decides: facts, and what a detector remembers. */
  given: JsonObject;
  /** After the event before, in milliseconds. */
  afterMs: number;
}

const maxRepeats = 10_000;

/** The events of one example, repetitions written out. @throws InvalidInput `EXAMPLE_INVALID` */
export function readExample(example: JsonValue): ExampleEvent[] {
  return (Array.isArray(example) ? example : [example]).flatMap(readEvents);
}

function readEvents(said: JsonValue): ExampleEvent[] {
  if (!isObject(said)) throw invalid('an example is an event, or a list of events');
  const kind = Object.keys(said).find((key) => kinds.has(key));
  if (kind === undefined) throw invalid(`an event of an example has one of ${[...kinds].join(', ')}`);
  const repeats = said['repeat'] === undefined ? 1 : Number(said['repeat']);
  if (!(repeats >= 1 && repeats <= maxRepeats)) throw invalid(`repeat is a number up to ${maxRepeats}`);
  const everyMs = duration(said['every'] ?? '0s');
  return Array.from({ length: repeats }, (_, index) => {
    const numbered = fill(said, String(index + 1)) as JsonObject;
    const given = numbered['given'] ?? {};
    return {
      kind,
      about: numbered[kind]!,
      said: numbered,
      given: isObject(given) ? given : {},
      afterMs: index === 0 ? duration(said['after'] ?? '0s') : everyMs,
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

/** `{n}` counts repetitions, from 1. */
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
