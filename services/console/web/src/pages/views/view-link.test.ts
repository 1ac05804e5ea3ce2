import { viewLink } from './view-link.js';

describe('viewLink', () => {
  it('opens the page of the list with query and order', () => {
    expect(viewLink({ list: 'pushes', q: 'verdict=fail', sort: '-severity' })).toEqual({
      to: '/images',
      search: { q: 'verdict=fail', sort: '-severity' },
    });
    expect(viewLink({ list: 'fixes', q: '', sort: null })).toEqual({
      to: '/vulnerabilities',
      search: { tab: 'fixes' },
    });
  });

  it('keeps the page of incidents from adding a state', () => {
    expect(viewLink({ list: 'incidents', q: 'state=open', sort: null })?.search).toMatchObject({ state: 'all' });
  });

  it('knows lists without a page', () => {
    expect(viewLink({ list: 'images', q: 'running', sort: null })).toBeUndefined();
  });
});
