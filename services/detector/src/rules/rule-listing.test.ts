import { loadRules } from '@tidewaiter/sigma';

import { listedRules } from './rule-listing.js';

const text = `
title: Shell
name: shell
author: Somebody
license: DRL-1.1
status: test
level: low
tags: [attack.t1059]
logsource: { product: linux }
detection: { any: { Image: /bin/sh }, condition: any }
---
title: Many shells
correlation: { type: event_count, rules: [shell], group-by: [User], timespan: 1m, condition: { gte: 3 } }
level: high
---
title: Broken
logsource: { product: linux }
detection: { any: { Image|foo: x }, condition: any }
`;

describe('listedRules', () => {
  it('lists every document by file and line, and rejected ones with the reason', () => {
    const listed = listedRules(
      loadRules([
        { path: 'b.yml', text },
        { path: 'a.yml', text: 'title: [' },
      ]),
    );
    expect(listed).toEqual([
      expect.objectContaining({ state: 'refused', title: null, file: 'a.yml', reason: expect.any(String) }),
      {
        state: 'loaded',
        kind: 'rule',
        id: 'shell',
        title: 'Shell',
        level: 'low',
        status: 'test',
        author: 'Somebody',
        license: 'DRL-1.1',
        tags: ['attack.t1059'],
        isPart: true,
        file: 'b.yml',
        line: 2,
        reason: null,
      },
      expect.objectContaining({
        kind: 'correlation',
        title: 'Many shells',
        level: 'high',
        isPart: false,
        author: null,
      }),
      expect.objectContaining({ state: 'refused', title: 'Broken', reason: expect.stringContaining('foo') }),
    ]);
  });
});
