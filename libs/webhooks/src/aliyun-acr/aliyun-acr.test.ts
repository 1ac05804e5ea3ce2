import { InvalidInput } from '@tidewaiter/domain';

import { aliyun } from './aliyun-acr.js';

const digest = `sha256:${'ab'.repeat(32)}`;
const payload = {
  push_data: { digest, pushed_at: '2026-01-02 11:04:05', tag: '1.0' },
  repository: { repo_full_name: 'shop/App', region: 'cn-hangzhou' },
};
const parse = (body: unknown) => aliyun.parse({ headers: {}, body: Buffer.from(JSON.stringify(body)) });

describe('aliyun', () => {
  it('reads a push, with its digest, its region and the time of China', () => {
    expect(parse(payload).events).toMatchObject([
      {
        outcome: 'push',
        registry: 'registry.cn-hangzhou.aliyuncs.com',
        repository: 'shop/App',
        tag: '1.0',
        digest,
        at: '2026-01-02T03:04:05Z',
      },
    ]);
  });

  it('refuses what is no webhook of it', () => {
    expect(() => parse({ push_data: payload.push_data })).toThrow(InvalidInput);
  });
});
