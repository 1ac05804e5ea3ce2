import { claimAt, textClaim } from './claims.js';

describe('claimAt', () => {
  it.each([
    [{ groups: ['a'] }, 'groups', ['a']],
    [{ realm_access: { roles: ['a'] } }, 'realm_access.roles', ['a']],
    [{ 'https://example.com/groups': ['a'] }, 'https://example.com/groups', ['a']],
    [{ groups: 'a' }, 'groups.length', undefined],
    [{}, '__proto__', undefined],
    [{}, 'constructor.name', undefined],
    [{ a: null }, 'a.b', undefined],
  ])('of %j at %s is %j', (claims, name, expected) => {
    expect(claimAt(claims, name)).toEqual(expected);
  });
});

describe('textClaim', () => {
  it.each([
    [{ email: 'a@b.c' }, 'a@b.c'],
    [{ email: '' }, null],
    [{ email: ['a@b.c'] }, null],
    [{}, null],
  ])('of %j is %j', (claims, expected) => {
    expect(textClaim(claims, 'email')).toBe(expected);
  });
});
