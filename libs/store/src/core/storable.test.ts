import { json, JsonText, storable } from './storable.js';

describe('storable', () => {
  it.each([
    ['a\0b', 'a\uFFFDb'],
    ['lone \uD800 surrogate', 'lone \uFFFD surrogate'],
    ['\\u0000 is text', '\\u0000 is text'],
    ['ünïcode 😀', 'ünïcode 😀'],
  ])('makes %j storable', (text, expected) => {
    expect(storable([text, 1, null])).toEqual([expected, 1, null]);
    expect(JSON.parse(json({ deep: [{ text }] }))).toEqual({ deep: [{ text: expected }] });
  });

  it.each([
    ['{"a":"\\u0000"}', '{"a":"\uFFFD"}'],
    ['{"a":"\\uD800"}', '{"a":"\uFFFD"}'],
    ['{"a" : 1}', '{"a" : 1}'],
  ])('keeps the text %j of JSON unless PostgreSQL refuses it', (text, expected) => {
    expect(new JsonText(text).toString()).toBe(expected);
  });
});
