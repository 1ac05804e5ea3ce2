import { isOutage, isTimeout } from './outage.js';

const error = (code: string, severity = 'ERROR') => Object.assign(new Error('something'), { code, severity });

describe('isOutage', () => {
  it.each([
    ['a connection that is refused', error('ECONNREFUSED')],
    ['a server that shuts down', error('57P01', 'FATAL')],
    ['a full disk', error('53100')],
    ['a file that cannot be written', error('58030')],
    ['a session that the server could not begin', error('XX000', 'FATAL')],
    ['a server that ends itself', error('XX000', 'PANIC')],
    ['a deadlock', error('40P01')],
    ['too many open files', Object.assign(error('EMFILE'), { syscall: 'connect' })],
    ['no free port', Object.assign(error('EADDRNOTAVAIL'), { syscall: 'connect' })],
  ])('recognizes %s', (_, each) => {
    expect(isOutage(each)).toBe(true);
  });

  it.each([
    ['an internal error of a statement', error('XX000')],
    ['a wrong password', error('28P01', 'FATAL')],
    ['a missing database', error('3D000', 'FATAL')],
    ['a violated constraint', error('23505')],
    ['an error of our own', new Error('no')],
    ['a file that cannot be opened', Object.assign(error('EMFILE'), { syscall: 'open' })],
  ])('takes %s for none', (_, each) => {
    expect(isOutage(each)).toBe(false);
  });
});

describe('isTimeout', () => {
  it('recognizes statements that were canceled, and nothing else', () => {
    const codes = ['57014', '55P03', '57P01', '23505', '40P01'];
    expect(codes.filter((code) => isTimeout(error(code)))).toEqual(['57014', '55P03']);
    expect([new Error('57014'), null].map((each) => isTimeout(each ?? {}))).toEqual([false, false]);
  });
});
