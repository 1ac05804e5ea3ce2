import type { Labels } from '@tidewaiter/domain';
import { channelReaders } from '@tidewaiter/receivers';

import { parseRouting } from '../config/routing.js';
import { groupKey, groupLabels, matchRoutes } from './route.js';
import type { RouteMatch } from './route.js';

const config = parseRouting(
  `
route:
  receiver: everybody
  group_by: [repository]
  group_wait: 10s
  routes:
    - matchers: [severity = "low"]
      receiver: digest
      group_by: []
      group_interval: 1h
      repeat_interval: 7d
    - matchers: [severity = "critical"]
      receiver: pager
      group_wait: 0s
      continue: true
      routes:
        - match: { running: true }
          match_re: { namespace: prod-.* }
          group_by: [workload, namespace]
    - matchers: ['{owner =~ "shop|checkout", kind != "incident"}']
      receiver: shop
      routes:
        - matchers: [kev = "true"]
          receiver: shop-now
          continue: true
        - matchers: [fixable = "true"]
        - matchers: [fixable = "true"]
          receiver: never
    - matchers: [kind = "incident"]
      receiver: incidents
      group_by: ['...']
receivers: [{name: everybody}, {name: digest}, {name: pager}, {name: shop}, {name: shop-now}, {name: never}, {name: incidents}]
`,
  { channels: channelReaders, readFile: () => '' },
);

const where = (matches: RouteMatch[]) => matches.map(({ receiver, path }) => `${receiver} ${path}`);

describe('groupKey', () => {
  it.each<[Labels, string[]]>([
    [{}, ['everybody route']],
    [{ severity: 'high' }, ['everybody route']],
    [{ severity: 'low', owner: 'shop' }, ['digest route.routes[0]']],
    [{ severity: 'critical' }, ['pager route.routes[1]']],
    // The child has its parent's receiver, and stands in for the parent.
    [{ severity: 'critical', running: 'true', namespace: 'prod-eu' }, ['pager route.routes[1].routes[0]']],
    [{ severity: 'critical', running: 'true', namespace: 'test-prod-eu' }, ['pager route.routes[1]']],
    // `continue` looks at the next sibling of the route that matched.
    [{ severity: 'critical', owner: 'shop' }, ['pager route.routes[1]', 'shop route.routes[2]']],
    [{ severity: 'critical', kind: 'incident' }, ['pager route.routes[1]', 'incidents route.routes[3]']],
    [{ owner: 'shop', kev: 'true' }, ['shop-now route.routes[2].routes[0]']],
    [
      { owner: 'checkout', kev: 'true', fixable: 'true' },
      ['shop-now route.routes[2].routes[0]', 'shop route.routes[2].routes[1]'],
    ],
    [{ owner: 'shopping' }, ['everybody route']],
  ])('sends %j to %j', (labels, expected) => {
    expect(where(matchRoutes(config, labels))).toEqual(expected);
  });

  it('inherits options that a route does not set', () => {
    const [root] = matchRoutes(config, {});
    expect(root).toEqual({
      receiver: 'everybody',
      path: 'route',
      key: '{}',
      groupBy: ['repository'],
      groupWaitMs: 10_000,
      groupIntervalMs: 300_000,
      repeatIntervalMs: 14_400_000,
      given: new Set(['group_wait']),
      muteTimeIntervals: [],
      activeTimeIntervals: [],
    });
    const [digest] = matchRoutes(config, { severity: 'low' });
    expect(digest).toMatchObject({
      groupBy: ['repository'],
      groupWaitMs: 10_000,
      groupIntervalMs: 3_600_000,
      repeatIntervalMs: 604_800_000,
    });
    const [pager] = matchRoutes(config, { severity: 'critical', running: 'true', namespace: 'prod-eu' });
    expect(pager).toMatchObject({ groupBy: ['workload', 'namespace'], groupWaitMs: 0, groupIntervalMs: 300_000 });
    const [incidents] = matchRoutes(config, { kind: 'incident' });
    expect(incidents).toMatchObject({ groupBy: 'all', groupWaitMs: 10_000 });
  });

  it("has Alertmanager's defaults", () => {
    const { route } = parseRouting('{route: {receiver: a}, receivers: [{name: a}]}', {
      channels: channelReaders,
      readFile: () => '',
    });
    expect(route.options).toMatchObject({
      groupBy: [],
      groupWaitMs: 30_000,
      groupIntervalMs: 300_000,
      repeatIntervalMs: 14_400_000,
    });
  });

  it.each<[Labels, string[]]>([
    [{}, ['{}:{}']],
    [{ repository: 'shop/app', tag: '1' }, ['{}:{repository="shop/app"}']],
    // An empty list of its own is none, as in Alertmanager's dispatch/route.go, NewRoute.
    [{ severity: 'low', repository: 'shop/app' }, ['{}/{severity="low"}:{repository="shop/app"}']],
    [
      { severity: 'critical', repository: 'x', owner: 'shop' },
      ['{}/{severity="critical"}:{repository="x"}', '{}/{kind!="incident",owner=~"shop|checkout"}:{repository="x"}'],
    ],
    [
      { severity: 'critical', running: 'true', namespace: 'prod-eu', workload: '' },
      ['{}/{severity="critical"}/{namespace=~"prod-.*",running="true"}:{namespace="prod-eu"}'],
    ],
    [
      { kind: 'incident', rule: 'a "b"\n', cluster: '' },
      ['{}/{kind="incident"}:{kind="incident", rule="a \\"b\\"\\n"}'],
    ],
  ])('names the groups of %j %j', (labels, expected) => {
    expect(matchRoutes(config, labels).map((match) => groupKey(match, labels))).toEqual(expected);
  });

  it('does not depend on the order of labels', () => {
    const [match] = matchRoutes(config, { kind: 'incident' });
    expect(match && groupKey(match, { rule: 'r', kind: 'incident' })).toBe(
      match && groupKey(match, { kind: 'incident', rule: 'r' }),
    );
  });

  it('groups by labels with the names of Object.prototype', () => {
    const labels = JSON.parse('{"__proto__":"x","b":"1","a":"2"}') as Labels;
    const [match] = matchRoutes(config, { kind: 'incident' });
    expect(Object.entries(match ? groupLabels(match, labels) : {})).toEqual([
      ['__proto__', 'x'],
      ['a', '2'],
      ['b', '1'],
    ]);
  });
});
