import * as fc from 'fast-check';

/**
 * JSON texts that break careless readers: objects that cannot be texts, keys with a meaning in
 * JavaScript.
 */
export const oddValues: readonly string[] = [
  '{"__proto__":{"polluted":true}}',
  '{"constructor":{"prototype":{"polluted":true}}}',
  '{"toString":1,"valueOf":1}',
  '{"toJSON":"x","then":1,"length":-1}',
  '"\\u0000"',
  '"\\ud800"',
  '1e999',
  '[[[[]]]]',
  '[null]',
  'null',
  '"__proto__"',
];

/** JSON texts of every kind, and often those that break careless readers. */
export const hostileJson = fc.oneof(fc.json(), fc.constantFrom(...oddValues));

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
