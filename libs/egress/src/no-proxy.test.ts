import { bypassesProxy } from './no-proxy.js';

describe('bypassesProxy', () => {
  it.each<[url: string, noProxy: string, expected: boolean]>([
    ['https://hooks.example.com/x', '', false],
    ['https://hooks.example.com/x', '*', true],
    ['https://hooks.example.com/x', 'example.com', true],
    ['https://example.com/x', 'example.com', true],
    ['https://example.com/x', '.example.com', false],
    ['https://hooks.example.com/x', '.example.com', true],
    ['https://hooks.example.com/x', '*.example.com', true],
    ['https://hooks.example.com/x', 'other.org, EXAMPLE.com ', true],
    ['https://badexample.com/x', 'example.com', false],
    ['https://example.com.evil.org/x', 'example.com', false],
    ['https://example.com/x', 'example.com:443', true],
    ['https://example.com/x', 'example.com:80', false],
    ['http://example.com:8080/x', 'example.com:8080', true],
    ['http://10.1.2.3/x', '10.0.0.0/8', true],
    ['http://11.1.2.3/x', '10.0.0.0/8', false],
    ['http://10.1.2.3/x', '10.1.2.3', true],
    ['http://10.1.2.3/x', '10.1.2.3:81', false],
    ['http://[2001:db8::1]/x', '2001:db8::/32', true],
    ['http://[2001:db8::1]/x', '[2001:db8::1]:80', true],
    ['http://[2001:db8::1]/x', '2001:db8::1', true],
    ['http://10.1.2.3/x', '2001:db8::/32', false],
    ['http://localhost:9000/x', '', true],
    ['http://127.0.0.1/x', '', true],
    ['http://[::1]/x', '', true],
  ])('decides on %s with %j: %s', (url, noProxy, expected) => {
    expect(bypassesProxy(new URL(url), noProxy.split(','))).toBe(expected);
  });
});
