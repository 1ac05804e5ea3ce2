import { json, storable } from './storable.js';

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
});
