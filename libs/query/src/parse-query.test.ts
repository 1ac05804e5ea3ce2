import * as fc from 'fast-check';

import { fieldsOf } from './fields.js';
import { InvalidQuery } from './invalid-query.js';
import { type QueryExpression, parseQuery } from './parse-query.js';

const fields = fieldsOf({
  severity: { type: 'rank', values: ['critical', 'high', 'low'], description: '' },
  state: { type: 'choice', values: ['open', 'resolved'], description: '' },
  running: { type: 'flag', description: '' },
  kev: { type: 'flag', description: '' },
  image: { type: 'text', description: '' },
  package: { type: 'match', description: '' },
  epss: { type: 'number', description: '' },
  seen: { type: 'time', description: '' },
});
const now = new Date('2026-02-01T12:00:00Z');
const parse = (text: string) => parseQuery(text, fields, now);
const condition = (field: string, operator: string, ...values: unknown[]) => ({
  kind: 'condition',
  field,
  operator,
  values,
});

describe('parseQuery', () => {
  it.each<[string, unknown]>([
    ['', { kind: 'all', of: [] }],
    ['severity>=high', condition('severity', '>=', 'high')],
    ['Severity>=HIGH', condition('severity', '>=', 'high')],
    ['running', condition('running', '=', true)],
    ['running=no', condition('running', '=', false)],
    ['-running', { kind: 'not', of: condition('running', '=', true) }],
    ['not kev', { kind: 'not', of: condition('kev', '=', true) }],
    ['"running"', { kind: 'words', text: 'running' }],
    ['"exposed"', { kind: 'words', text: 'exposed' }],
    ['state=open,resolved', condition('state', '=', 'open', 'resolved')],
    ['state:open', condition('state', '=', 'open')],
    ['image=shop/*', condition('image', '=', 'shop/*')],
    ['image!="a b",c', condition('image', '!=', 'a b', 'c')],
    ['image="say \\"hi\\""', condition('image', '=', 'say "hi"')],
    ['package=openssl>=3.0.0,<3.0.14', condition('package', '=', 'openssl>=3.0.0,<3.0.14')],
    ['package="openssl < 3"', condition('package', '=', 'openssl < 3')],
    ['epss>0.5', condition('epss', '>', 0.5)],
    ['seen>=7d', condition('seen', '>=', new Date('2026-01-25T12:00:00Z'))],
    ['seen<2026-01-31', condition('seen', '<', new Date('2026-01-31T00:00:00Z'))],
    ['seen<2026-01-31T10:00', condition('seen', '<', new Date('2026-01-31T10:00:00Z'))],
    ['shop/app:1.2', { kind: 'words', text: 'shop/app:1.2' }],
    ['sha256:abc', { kind: 'words', text: 'sha256:abc' }],
    ['CVE-2024-3094 xz', { kind: 'all', of: ['CVE-2024-3094', 'xz'].map((text) => ({ kind: 'words', text })) }],
  ])('reads %j', (text, expected) => {
    expect(parse(text)).toEqual(expected);
  });

  it('binds not before and, and before or', () => {
    const running = condition('running', '=', true);
    const kev = condition('kev', '=', true);
    const open = condition('state', '=', 'open');
    expect(parse('not running kev or state=open')).toEqual({
      kind: 'any',
      of: [{ kind: 'all', of: [{ kind: 'not', of: running }, kev] }, open],
    });
    expect(parse('running and (kev or state=open)')).toEqual({
      kind: 'all',
      of: [running, { kind: 'any', of: [kev, open] }],
    });
    expect(parse('-(kev or state=open)')).toEqual({ kind: 'not', of: { kind: 'any', of: [kev, open] } });
  });

  it.each([
    ['severty>=high', 1, 'no field "severty"; did you mean "severity"?'],
    ['running foo<3', 9, 'no field "foo"; there are severity, state,'],
    ['running severity>=worst', 19, '"worst" is none of critical, high, low'],
    ['running exposed', 9, 'exposed is no field of this list, but of workloads; write "exposed" for words'],
    ['kev fixable', 5, 'fixable is no field of this list, but of images, vulnerabilities, fixes;'],
    ['running image', 9, 'image is a field: write image=…, or "image" for words'],
    ['image>a', 6, 'image has = !=, not >'],
    ['image=', 7, 'a value is missing'],
    ['state=open,', 12, 'a value is missing'],
    ['epss>much', 6, '"much" is not a number'],
    ['seen>yesterday', 6, '"yesterday" is not a time'],
    ['seen>2026-13-01', 6, '"2026-13-01" is not a time'],
    ['running=maybe', 9, '"maybe" is neither true nor false'],
    ['image="a', 7, 'this quotation mark is not closed'],
    ['(running', 1, 'this parenthesis is not closed'],
    ['running)', 8, 'this parenthesis was not opened'],
    ['running or', 11, 'a condition is missing'],
    ['or running', 1, 'a condition is missing'],
    ['()', 2, 'a condition is missing'],
    ['not', 4, 'a condition is missing'],
    [`${'('.repeat(30)}kev${')'.repeat(30)}`, 22, 'parentheses are nested at most 20 deep'],
    ['kev '.repeat(101), 401, 'a query has at most 100 terms'],
    [`image=${'a,'.repeat(101)}a`, 207, 'a condition has at most 100 values'],
    ['a'.repeat(2_001), 2_001, 'a query has at most 2000 characters'],
  ])('rejects %j at column %i', (text, column, problem) => {
    expect(() => parse(text)).toThrow(`column ${column}: ${problem}`);
  });

  it('reads any text, or rejects it at a place within it', () => {
    const pieces = fc.constantFrom(...['(', ')', '-', '"', '\\', ' ', ',', 'not', 'or', 'kev', 'image=', 'epss>', '1']);
    const text = fc.oneof(
      fc.string(),
      fc.array(pieces).map((some) => some.join('')),
    );
    fc.assert(
      fc.property(text, (some) => {
        try {
          expect(conditionsOf(parse(some))).toBeLessThanOrEqual(100);
        } catch (error) {
          expect(error).toBeInstanceOf(InvalidQuery);
          expect((error as InvalidQuery).position).toBeLessThanOrEqual(some.length);
        }
      }),
    );
  });

  it('does not take a property of every object for a field', () => {
    expect(() => parse('constructor=1')).toThrow('no field "constructor"');
    expect(parse('__proto__')).toEqual({ kind: 'words', text: '__proto__' });
  });
});

function conditionsOf(expression: QueryExpression): number {
  if (expression.kind === 'not') return conditionsOf(expression.of);
  if (expression.kind === 'all' || expression.kind === 'any')
    return expression.of.reduce((sum, each) => sum + conditionsOf(each), 0);
  return 1;
}
