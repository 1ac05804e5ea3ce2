import { Secret } from '@tidewaiter/domain';

import { signAws } from './sign-aws.js';

const at = new Date('2015-08-30T12:36:00Z');
const scope = (sessionToken?: string) => ({
  region: 'us-east-1',
  service: 'service',
  credentials: {
    accessKey: 'AKIDEXAMPLE',
    secretKey: new Secret('wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY'),
    sessionToken: sessionToken === undefined ? undefined : new Secret(sessionToken),
  },
});
const token =
  'AQoDYXdzEPT//////////wEXAMPLEtc764bNrC9SAPBSM22wDOk4x4HIZ8j4FZTwdQWLWsKWHGBuFqwAeMicRXmxfpSPfIeoIYRqTflfKD8YUuwthAx7mSEI/qkPpKPi/kMcGdQrmGdeehM4IC1NtBmUpp2wUE8phUZampKsburEDy0KPkyQDYwT7WZ0wq5VSXDvp75YU9HFvlRd8Tx6q6fE8YQcHNVXAkiY9q6d+xo0rKwT38xVqr7ZD0u0iPPkUL64lIZbqBAz+scqKmlzm8FDrypNC9Yjc8fPOLn9FX9KSYvKTr4rvx3iSIlTJabIQwj2ICCR/oLxBA==';
const form = 'application/x-www-form-urlencoded';

describe('signAws', () => {
  // POST requests of Amazon's aws-sig-v4-test-suite, with Amazon's signatures.
  it.each<[name: string, headers: Record<string, string>, body: string, signedHeaders: string, signature: string]>([
    ['post-vanilla', {}, '', 'host;x-amz-date', '5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b'],
    [
      'post-header-key-sort',
      { 'My-Header1': 'value1' },
      '',
      'host;my-header1;x-amz-date',
      'c5410059b04c1ee005303aed430f6e6645f61f4dc9e1461ec8f8916fdf18852c',
    ],
    [
      'post-header-value-case',
      { 'My-Header1': ' VALUE1 ' },
      '',
      'host;my-header1;x-amz-date',
      'cdbc9802e29d2942e5e10b5bccfdd67c5f22c7c4e8ae67b53629efa58b974b7d',
    ],
    [
      'post-x-www-form-urlencoded',
      { 'Content-Type': form },
      'Param1=value1',
      'content-type;host;x-amz-date',
      'ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a',
    ],
    [
      'post-x-www-form-urlencoded-parameters',
      { 'Content-Type': `${form}; charset=utf8` },
      'Param1=value1',
      'content-type;host;x-amz-date',
      '1a72ec8f64bd914b0e42e42607c7fbce7fb2c7465f63e3092b3b0d39fa77a6fe',
    ],
  ])('signs %s as Amazon does', (_, headers, body, signedHeaders, signature) => {
    expect(signAws({ url: 'https://example.amazonaws.com/', headers, body }, scope(), at)).toEqual({
      'x-amz-date': '20150830T123600Z',
      authorization: `AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=${signedHeaders}, Signature=${signature}`,
    });
  });

  it('signs post-sts-header-before as Amazon does', () => {
    const signed = signAws({ url: 'https://example.amazonaws.com', headers: {}, body: '' }, scope(token), at);
    expect(signed).toMatchObject({
      'x-amz-security-token': token,
      authorization: expect.stringContaining(
        'SignedHeaders=host;x-amz-date;x-amz-security-token, Signature=85d96828115b5dc0cfc3bd16ad9e210dd772bbebba041836c64533a82be05ead',
      ),
    });
  });
});
