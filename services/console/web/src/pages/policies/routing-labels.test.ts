import { readLabels } from './routing-labels.js';

describe('readLabels', () => {
  it.each([
    ['', {}],
    [' severity=high  repository=shop/app=1 ', { severity: 'high', repository: 'shop/app=1' }],
    ['owner=', { owner: '' }],
    ['severity', null],
    ['=high', null],
  ])('reads %j', (text, labels) => {
    expect(readLabels(text)).toEqual(labels);
  });
});
