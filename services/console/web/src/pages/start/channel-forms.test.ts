import { parseManagedRouting } from '@tidewaiter/receivers';

import { channelForms, type ChannelKind, routingText } from './channel-forms.js';

const values: Record<string, string> = {
  channel: '#security',
  to: 'a@example.com',
  from: 'b@example.com',
  smarthost: 'mail.example.com:587',
  user: 'tidewaiter',
};

describe('routingText', () => {
  it.each(Object.keys(channelForms) as ChannelKind[])('is a routing that the API accepts, for %s', (kind) => {
    const read: string[] = [];
    const text = routingText(channelForms[kind], 'team', values);
    const { receivers } = parseManagedRouting(text, (name) => {
      read.push(name);
      return 'https://example.com/';
    });
    expect(receivers.get('team')?.integrations.map((channel) => channel.kind)).toEqual([kind]);
    expect(read).toEqual(channelForms[kind].files(values).map(({ name }) => name));
  });

  it('takes any text of a field as a value', () => {
    const channel = `#x" }\n  evil: [`;
    const { receivers } = parseManagedRouting(routingText(channelForms.slack, 'team', { channel }));
    expect(JSON.stringify(receivers.get('team'))).toContain(JSON.stringify(channel));
  });

  it('needs no file for a mail server without a user', () => {
    const text = routingText(channelForms.email, 'team', { ...values, user: '' });
    const read = jest.fn();
    expect(parseManagedRouting(text, read).receivers.get('team')?.integrations).toHaveLength(1);
    expect(read).not.toHaveBeenCalled();
  });
});
