import { serviceUrl } from './service-url.js';

describe('serviceUrl', () => {
  it('returns another password for each user, none of them that of the owner', () => {
    const urls = ['scanner', 'notifier'].map((user) => serviceUrl('postgres://o:p%40ss@db:5432/t', user));
    expect(urls[0]).toMatch(/^postgres:\/\/scanner:[\w-]{43}@db:5432\/t$/);
    expect(new URL(urls[0]!).password).not.toBe(new URL(urls[1]!).password);
    expect(urls.join()).not.toContain('p%40ss');
  });

  it('returns the same address each time', () => {
    expect(serviceUrl('redis://:a@h:1', 'x')).toBe(serviceUrl('redis://:a@h:1', 'x'));
  });
});
