import { isIdentifier, isPlaceholder, looksRandom } from './placeholder.js';
import { fake, spelt } from './rules/fake.js';

describe('isPlaceholder', () => {
  it.each([
    '${DB_PASSWORD}',
    '$value[0]:$value[1]',
    '$DB_PASSWORD',
    '{{ .Values.password }}',
    '<your-api-key>',
    '%s',
    '%PASSWORD%',
    '%{string:User-Password}',
    '{$new_password2}',
    '********',
    'changeme',
    spelt('AK', 'IAIOSFODNN7EXAMPLE'),
    'xxxxxxxxxxxxxxxx',
    '0000000000000000',
    'abcdefghijklmnop',
    'your-token-here',
    spelt('sk_test_', '4eC39HqLyjWDarjtT1zdp7dc'),
  ])('accepts %s', (value) => {
    expect(isPlaceholder(value)).toBe(true);
  });

  it.each([fake(40), fake(20, 'hex'), 'pa%s*w!rd#2', '%aB3*', '12345678-ABCD-ABCD-ABCD-1234567890AB'])(
    'rejects %s',
    (value) => {
      expect(isPlaceholder(value)).toBe(false);
    },
  );

  it('recognizes test modes only in values without a form', () => {
    expect(isPlaceholder('duffel_test_' + fake(20), true)).toBe(false);
    expect(isPlaceholder('duffel_test_' + fake(20))).toBe(true);
  });

  it.each([
    [fake(32), true],
    [fake(32, 'lower'), true],
    ['NEXUS-GPT4-API-KEY', false],
    ['SalesResults2024Number12', false],
    ['cmp2-qat-1208358310', false],
    ['getAccessTokenFromStorage', false],
  ])('decides whether %s looks random: %s', (value, expected) => {
    expect(looksRandom(value)).toBe(expected);
  });

  it.each([
    ['confluenceCloudOAuth2Api', true],
    ['render2FaSettings', true],
    ['AirtableOAuth2Api', true],
    ['Confluence', false],
    ['kQvZtRbWnXpLmJhG', false],
    [fake(24), false],
    [fake(24, 'letters'), false],
  ])('decides whether %s is a name in a program: %s', (value, expected) => {
    expect(isIdentifier(value)).toBe(expected);
  });
});
