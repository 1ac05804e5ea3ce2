import type { Observation } from '@tidewaiter/domain';

import { isOtherWorkspace } from './workspace.js';

const access = (workingDirectory: string | null, path: string) =>
  isOtherWorkspace({ process: { workingDirectory }, file: { path } } as Observation);

describe('isOtherWorkspace', () => {
  it.each([
    ['/home/runner/_work/shop/shop', '/home/runner/_work/pay/pay/.git/config', true],
    ['/home/runner/_work/shop/shop', '/home/runner/_work/shop/shop/a.go', false],
    ['/home/runner/_work/shop/shop/web', '/home/runner/_work/shop/lib/a.go', false],
    ['/home/runner/_work/shop/shop', '/home/runner/_work/_temp/a.sh', undefined],
    ['/home/runner/_work/shop/shop', '/runner2/_work/pay/pay/a.go', undefined],
    ['/builds/shop/cart', '/builds/pay/core/.npmrc', true],
    ['/builds/shop/cart', '/builds/shop/cart.tmp/CI_SERVER_TLS_CA_FILE', false],
    ['/var/jenkins_home/workspace/shop', '/var/jenkins_home/workspace/pay/a', true],
    ['/var/jenkins_home/workspace/shop@2', '/var/jenkins_home/workspace/shop@tmp/a', false],
    ['/', '/builds/pay/core/.npmrc', undefined],
    [null, '/builds/pay/core/.npmrc', undefined],
  ])('in %s, %s: %s', (folder, path, expected) => {
    expect(access(folder, path)).toBe(expected);
  });
});
