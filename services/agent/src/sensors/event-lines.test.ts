import * as fc from 'fast-check';

import { eventLines } from './event-lines.js';

const read = (text: string) => eventLines(Buffer.from(text));

describe('eventLines', () => {
  it.each([
    ['one event', '{"a":1}', '{"a":1}\n', 1, 0],
    ['an event over several lines', '{\r\n  "a": 1\n}\n', '{   "a": 1 }\n', 1, 0],
    ['one event a line', '{"a":1}\n\n {"a":2} \r\n', '{"a":1}\n{"a":2}\n', 2, 0],
    ['an array', '[{"a":1},{"a":2}]', '[{"a":1},{"a":2}]\n', 2, 0],
    [
      'a list of the API server',
      '{"kind":"EventList","items":[{},{},{}]}',
      '{"kind":"EventList","items":[{},{},{}]}\n',
      3,
      0,
    ],
    ['a number with 19 digits', '{"t":1767323045123456789}', '{"t":1767323045123456789}\n', 1, 0],
    ['readable lines among others', '{"a":1}\n{"a":\n17\n{"a":2}', '{"a":1}\n{"a":2}\n', 2, 2],
  ])('reads %s', (_, text, lines, events, malformed) => {
    expect(read(text)).toEqual({ lines, events, malformed });
  });

  it.each(['', ' \n ', 'null', '"text"', '{', 'a\nb'])('refuses %j', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'BODY_NOT_JSON' }));
  });

  it('keeps every document, however it is written', () => {
    const document = fc.dictionary(fc.string(), fc.jsonValue());
    fc.assert(
      fc.property(document, fc.constantFrom(undefined, 1, '\t'), (value, space) => {
        const { lines } = read(JSON.stringify(value, null, space));
        expect(lines.split('\n')).toHaveLength(2);
        expect(JSON.parse(lines)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });
});
