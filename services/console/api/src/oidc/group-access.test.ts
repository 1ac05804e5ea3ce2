import { groupAccess } from './identity-provider.js';

const none = { repositories: [], clusters: [], namespaces: [], owners: [] };
const settings = {
  groupsClaim: 'groups',
  roles: [
    { ...none, group: 'security', role: 'viewer' as const },
    { ...none, group: 'shop', role: 'responder' as const, repositories: ['shop/*'] },
    { ...none, group: 'pay', role: 'responder' as const, namespaces: ['pay'] },
    { ...none, group: 'leads', role: 'responder' as const },
    { ...none, group: 'admins', role: 'admin' as const },
  ],
  defaultRole: undefined,
};
const shop = { ...none, repositories: ['shop/*'] };
const pay = { ...none, namespaces: ['pay'] };

describe('groupAccess', () => {
  it.each([
    [['shop'], 'responder', [shop]],
    [['pay', 'shop', 'others'], 'responder', [shop, pay]],
    // The higher role counts with its limits, not with those of the lower one.
    [['security', 'shop'], 'responder', [shop]],
    [['shop', 'leads'], 'responder', null],
    [['security'], 'viewer', null],
    [['shop', 'admins'], 'admin', null],
    [['others'], null, null],
    ['shop', 'responder', [shop]],
    [undefined, null, null],
  ])('of the groups %j is %j with the limits %j', (groups, groupRole, groupScopes) => {
    expect(groupAccess({ groups }, settings)).toMatchObject({ groupRole, groupScopes });
  });
});
