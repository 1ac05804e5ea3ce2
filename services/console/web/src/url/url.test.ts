import { pathOfOldLink, secretOfSetupLink } from './old-links.js';
import { queryText } from './query-text.js';
import { parseSearch, searchParams, stringifySearch } from './search-params.js';

describe('pathOfOldLink', () => {
  it.each([
    ['#incidents/01a2', '/incidents/01a2'],
    ['#incidents', '/incidents'],
    ['#images/sha256:aa', '/images/sha256:aa'],
    ['#pushes/01a2', '/pushes/01a2'],
    ['#deliveries?receiver=a%26b&state=failed', '/system/deliveries?receiver=a%26b&state=failed'],
    ['#channels', '/policies/channels'],
    ['#dead-letters', '/system/dead-letters'],
    ['#messages/incident/mail', '/policies/messages?kind=incident&channel=mail'],
    ['#main', null],
    ['#setup=x', null],
    ['', null],
  ])('leads %s to %s', (hash, path) => {
    expect(pathOfOldLink(hash)).toBe(path);
  });
});

describe('secretOfSetupLink', () => {
  it('returns the secret of a setup link alone', () => {
    expect(secretOfSetupLink('#setup=x')).toBe('x');
    expect(secretOfSetupLink('#incidents/setup=x')).toBeNull();
  });
});

describe('searchParams', () => {
  const read = searchParams({ state: ['open', 'resolved'], where: 'text' });

  it('keeps what the page knows and drops the rest', () => {
    expect(read({ state: 'open', where: 'shop 1', other: 'x' })).toEqual({ state: 'open', where: 'shop 1' });
    expect(read({ state: 'gone', where: '' })).toEqual({});
    expect(read({ state: ['open'] })).toEqual({});
  });
});

describe('parseSearch', () => {
  it('reads values as text, also those that look like numbers', () => {
    expect(parseSearch('?tag=1&x=true')).toEqual({ tag: '1', x: 'true' });
  });

  it('reads back what stringifySearch has written', () => {
    const search = { where: 'a&b=c #?%', selected: '1' };
    expect(parseSearch(stringifySearch({ ...search, none: undefined }))).toEqual(search);
    expect(stringifySearch({ none: undefined })).toBe('');
  });
});

describe('queryText', () => {
  it('keeps the terms of the controls beside what was typed', () => {
    expect(queryText({ state: 'open', severity: undefined }, 'a or b')).toBe('state=open (a or b)');
    expect(queryText({ state: undefined }, undefined)).toBe('');
    expect(queryText({ receiver: 'on "call" or not' }, undefined)).toBe(String.raw`receiver="on \"call\" or not"`);
  });
});
