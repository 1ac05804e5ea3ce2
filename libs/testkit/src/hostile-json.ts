import * as fc from 'fast-check';

/** JSON texts of every kind, and often those that break careless readers. */
export const hostileJson = fc.oneof(
  fc.json(),
  fc.constantFrom(
    '{"__proto__":{"polluted":true}}',
    '{"constructor":{"prototype":{"polluted":true}}}',
    '"\\u0000"',
    '"\\ud800"',
    '1e999',
    '[[[[]]]]',
    '"__proto__"',
  ),
);

/**
 * The text of `sample` with its nth value, from 0 and the innermost first, replaced by the JSON
 * text `by`.
 */
export function replaceValue(sample: object, nth: number, by: string): string {
  let seen = 0;
  const marked: unknown = JSON.parse(JSON.stringify(sample), (_, value: unknown) =>
    seen++ === nth ? '@here@' : value,
  );
  return JSON.stringify(marked).replace('"@here@"', () => by);
}
