import { lookUp, scalarsOf } from './json-event.js';

describe('lookUp', () => {
  it.each([
    [{ a: { 'b.c': 1 } }, 'a.b.c', 1],
    [{ 'a.b': { c: 1 } }, 'a.b.c', 1],
    // The first split of the name leads nowhere.
    [{ a: { b: 2 }, 'a.b': { c: 1 } }, 'a.b.c', 1],
    [{ a: [{ b: 1 }, {}, { b: [2] }] }, 'a.b', [1, [2]]],
    [{ a: [{}] }, 'a.b', undefined],
    [{ a: null }, 'a', null],
    [{ a: null }, 'a.b', undefined],
    [{}, 'constructor', undefined],
    [{ a: 'text' }, 'a.length', undefined],
  ])('finds in %j at %s what is %j', (event, name, expected) => {
    expect(lookUp(event, name)).toEqual(expected);
  });

  it('is not brought down by what is deep', () => {
    const deep = JSON.parse(`${'[{"a":'.repeat(5_000)}1${'}]'.repeat(5_000)}`) as object;
    expect(scalarsOf(deep)).toEqual([1]);
    expect(lookUp(JSON.parse(`${'['.repeat(5_000)}${']'.repeat(5_000)}`), 'a')).toBeUndefined();
  });
});
