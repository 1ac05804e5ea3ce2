import type { Alert } from '@tidewaiter/domain';
import { channelReaders } from '@tidewaiter/receivers';
import { parseRouting } from '@tidewaiter/routing';

import { channelsFor, groupByRoute } from './group.js';

const config = parseRouting(
  `
route:
  receiver: everyone
  group_by: [repository]
  routes:
    - { receiver: pager, matchers: [ 'severity="critical"' ], continue: true }
    - { receiver: everyone, group_by: [severity] }
receivers:
  - name: everyone
    slack_configs: [ { api_url: "https://hooks.slack.example/x" } ]
    webhook_configs: [ { url: "https://hook.example/" } ]
  - { name: pager, slack_configs: [ { api_url: "https://hooks.slack.example/y", send_resolved: true } ] }
`,
  { channels: channelReaders, readFile: () => '' },
);

const subject = (labels: Record<string, string>) => ({ alert: { labels } as unknown as Alert, about: labels });

describe('channelsFor', () => {
  it('groups the alerts of one message of a receiver', () => {
    const critical = subject({ severity: 'critical', repository: 'a' });
    const high = subject({ severity: 'high', repository: 'a' });
    const other = subject({ severity: 'critical', repository: 'b' });
    const groups = groupByRoute(config, [critical, high, other]).map(({ receiver, groupLabels, subjects }) => [
      receiver,
      groupLabels,
      subjects,
    ]);
    expect(groups).toEqual([
      ['pager', { repository: 'a' }, [critical]],
      ['everyone', { severity: 'critical' }, [critical, other]],
      ['everyone', { severity: 'high' }, [high]],
      ['pager', { repository: 'b' }, [other]],
    ]);
  });

  it('sends resolutions only to channels with send_resolved', () => {
    const kinds = (receiver: string, isNews: boolean) => channelsFor(config, receiver, isNews).map(({ kind }) => kind);
    expect(kinds('everyone', true)).toEqual(['slack', 'webhook']);
    expect(kinds('everyone', false)).toEqual(['webhook']);
    expect(kinds('pager', false)).toEqual(['slack']);
    expect(kinds('nobody', true)).toEqual([]);
  });
});
