import { limitJsonValues } from './json-values.js';

describe('limitJsonValues', () => {
  it.each([
    ['lists in lists', `${'['.repeat(11)}${']'.repeat(11)}`, false],
    ['empty objects', '[{},{},{},{},{},{}]', false],
    ['members', '{"a":1,"b":2,"c":3,"d":4}', true],
    ['a text with brackets', '["[[[[[[[[[[[[", "\\"[[[[[[[[[[[[[\\\\"]', true],
    ['a text that does not end', '"[[[[[[[[[[[[[[', true],
    ['brackets behind an escaped backslash', '["\\\\",[[[[[[[[[[]]]]]]]]]]]', false],
  ])('limits %s', (_, text, isAllowed) => {
    const check = () => limitJsonValues(text, 10);
    if (isAllowed) expect(check).not.toThrow();
    else expect(check).toThrow(expect.objectContaining({ limit: 'maxJsonValues' }));
  });

  it('allows the values of usual documents', () => {
    expect(() => limitJsonValues(`[${'{"a":"b"},'.repeat(1_000_000)}1]`)).not.toThrow();
    expect(() => limitJsonValues('['.repeat(5_000_000))).toThrow('more than 4000000 values');
  });
});
