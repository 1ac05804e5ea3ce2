import { type Digest } from '@tidewaiter/domain';

import type { OwnerLabels } from './owner-labels.js';
import { imageLabel, ownerName, Owners, ruledOwner } from './owners.js';

const rules = [
  { repository: 'shop/*', namespace: 'canary', owner: 'team-canary' },
  { repository: 'shop/*', owner: 'team-shop' },
  { namespace: 'pay*', owner: 'team-payments' },
];

describe('Owners', () => {
  it.each([
    ['the first that fits', 'shop/app', null, 'team-shop'],
    ['both names, where a rule has both', 'shop/app', 'canary', 'team-canary'],
    ['a namespace', null, 'payments', 'team-payments'],
    ['nothing that is not named', 'other/app', 'default', null],
    ['nothing of what has no name', null, null, null],
  ])('goes by %s', (_, repository, namespace, owner) => {
    expect(ruledOwner(rules, { repository, namespace })).toBe(owner);
  });

  it.each([
    ['team-shop', 'team-shop'],
    [' Team Shop ', 'Team Shop'],
    ['', null],
    [null, null],
    ['a\nb', null],
    ['\u202Epohs', null],
    ['x'.repeat(101), null],
  ])('reads the name %j as %j', (text, name) => {
    expect(ownerName(text)).toBe(name);
  });

  const digest: Digest = `sha256:${'a'.repeat(64)}`;
  const place = { cluster: 'eu1', namespace: 'default' };

  const owners = (image: string | null, namespace: string | null) =>
    new Owners({ rules, labels: [] }, {
      ofImages: () => Promise.resolve(new Map(image === null ? [] : [[digest, image]])),
      ofNamespaces: () => Promise.resolve([namespace]),
    } as unknown as OwnerLabels);

  it.each([
    ['the operator', 'shop/app', 'by-image', 'by-namespace', 'team-shop'],
    ['the namespace', 'other/app', 'by-image', 'by-namespace', 'by-namespace'],
    ['the image', 'other/app', 'by-image', null, 'by-image'],
    ['the image, where the namespace says nothing that is a name', 'other/app', 'by-image', '\u0000', 'by-image'],
    ['nobody', 'other/app', null, null, null],
  ])('believes %s', async (_, repository, image, namespace, owner) => {
    expect(await owners(image, namespace).ofRunning([{ repository, digest, place }])).toEqual([owner]);
  });

  it.each([
    ['the operator', 'shop/app', ['by-image'], 'team-shop'],
    ['the first of the labels', 'other/app', ['by-image'], 'by-image'],
    ['the image of the lowest digest that has the label', 'other/app', [null, 'first', 'second'], 'first'],
    ['nothing', 'other/app', [null], null],
  ])('believes %s of images that were read', (_, repository, named, owner) => {
    const images = named.map((name, index) => ({
      digest: `sha256:${String(index).repeat(64)}` as const,
      labels: { ...(name !== null && { [imageLabel]: name }), team: 'other' },
    }));
    const settings = { rules, labels: named[0] === null && named.length === 1 ? [] : ['team'] };
    expect(new Owners(settings, {} as OwnerLabels).ofRead({ repository }, images.toReversed())).toBe(owner);
  });

  it('answers for many images in their order', async () => {
    const images = [
      { repository: 'other/app', digest },
      { repository: 'shop/app', digest },
      { repository: 'other/app', digest: null },
    ];
    expect(await owners('by-image', null).ofImages(images)).toEqual(['by-image', 'team-shop', null]);
  });
});
