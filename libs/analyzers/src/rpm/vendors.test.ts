import { type Header, tags } from './header.js';
import { thirdParty } from './vendors.js';

function header(vendor: string | undefined, release = '1.el9'): Header {
  const texts = new Map<number, string[]>([[tags.release, [release]]]);
  if (vendor !== undefined) texts.set(tags.vendor, [vendor]);
  return { numbers: () => [], texts: (tag) => texts.get(tag) ?? [] };
}

describe('thirdParty', () => {
  it.each([
    ['Red Hat, Inc.', undefined, false],
    ['Fedora Project', undefined, false],
    ['Rocky Enterprise Software Foundation', undefined, false],
    ['SUSE LLC <https://www.suse.com/>', undefined, false],
    ['Oracle America', undefined, false],
    ['Microsoft Corporation', '2.azl3', false],
    ['Microsoft Corporation', '1.cm2', false],
    ['Microsoft Corporation', '1.rh', true],
    ['Oracle', undefined, true],
    ['Docker', undefined, true],
    ['Not Red Hat', undefined, true],
    [undefined, undefined, true],
  ])('decides whether %j with release %j is a third party: %s', (vendor, release, expected) => {
    expect(thirdParty(header(vendor, release))).toEqual(expected ? { isThirdParty: true } : {});
  });
});
