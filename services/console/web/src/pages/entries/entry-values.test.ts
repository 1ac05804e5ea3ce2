import { type EntryField, firstToFill, textOf, withTexts } from './entry-values.js';

const fields: EntryField[] = [
  { path: 'name', label: 'Name', type: 'text' },
  { path: 'repositories', label: 'Repositories', type: 'list' },
  { path: 'mode', label: 'Mode', type: 'choice', values: ['enforce', 'warn'] },
  { path: 'credentials.username', label: 'User', type: 'text' },
  { path: 'credentials.password', label: 'Password', type: 'secret' },
  { path: 'insecure', label: 'Insecure', type: 'flag' },
];
const document = {
  ...{ name: 'hub', repositories: ['a/*', 'b'], credentials: { username: 'u' }, mirrors: [{ url: 'm' }] },
};
const texts = () => Object.fromEntries(fields.map((field) => [field.path, textOf(field, document)]));

describe('withTexts', () => {
  it('changes nothing with the texts of the document itself', () => {
    expect(texts()).toMatchObject({ repositories: 'a/*\nb', mode: 'enforce', 'credentials.password': '' });
    expect(withTexts(document, fields, texts())).toEqual(document);
  });

  it('sets and removes values, and keeps keys without a field', () => {
    const changed = { ...texts(), repositories: ' c \n\n', mode: 'warn', insecure: 'true', 'credentials.username': '' };
    expect(withTexts(document, fields, changed)).toEqual({
      ...{ name: 'hub', repositories: ['c'], mode: 'warn', insecure: true, mirrors: [{ url: 'm' }] },
    });
    expect(withTexts(document, fields, { 'credentials.password': ' p ' })).toMatchObject({
      credentials: { username: 'u', password: ' p ' },
    });
  });
});

describe('firstToFill', () => {
  const [finding, tag, reason]: EntryField[] = [
    { path: 'finding', label: 'Finding', type: 'text', isRequired: true },
    { path: 'tag', label: 'Tag', type: 'text' },
    { path: 'reason', label: 'Reason', type: 'text', isRequired: true },
  ];

  it('returns the first required field without a text, and none where all have one', () => {
    const fields = [finding!, tag!, reason!];
    expect(firstToFill(fields, {})).toBe('finding');
    expect(firstToFill(fields, { finding: 'CVE-2026-1' })).toBe('reason');
    expect(firstToFill(fields, { finding: 'CVE-2026-1', reason: 'known' })).toBeUndefined();
  });
});
