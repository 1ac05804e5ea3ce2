/** A field of a channel. */
export interface ChannelField {
  key: string;
  label: string;
  placeholder: string;
  isOptional?: boolean;
}

/** Secret of a channel, in a file of the operator. */
export interface ChannelFile {
  name: string;
  /** Name of its content for readers. */
  content: string;
}

export interface ChannelForm {
  title: string;
  fields: readonly ChannelField[];
  files: (values: Values) => readonly ChannelFile[];
  /** Lines below the name of the receiver. */
  lines: (values: Values) => readonly string[];
}

type Values = Readonly<Record<string, string>>;

/** A text as YAML, whatever it contains: JSON is YAML. */
const quoted = (value: string | undefined) => JSON.stringify(value?.trim() ?? '');

/** Channels that most installations begin with; the page of routes takes all others. */
export const channelForms = {
  slack: {
    title: 'Slack',
    fields: [{ key: 'channel', label: 'Channel', placeholder: '#security' }],
    files: () => [{ name: 'slack-webhook', content: 'the URL of an incoming webhook of Slack' }],
    lines: ({ channel }) => ['slack_configs:', '  - api_url_file: slack-webhook', `    channel: ${quoted(channel)}`],
  },
  email: {
    title: 'E-mail',
    fields: [
      { key: 'to', label: 'To', placeholder: 'security@example.com' },
      { key: 'from', label: 'From', placeholder: 'tidewaiter@example.com' },
      { key: 'smarthost', label: 'Mail server', placeholder: 'mail.example.com:587' },
      { key: 'user', label: 'User, where the server asks for one', placeholder: '', isOptional: true },
    ],
    files: ({ user = '' }) =>
      user.trim() === '' ? [] : [{ name: 'mail-password', content: 'the password of the user' }],
    lines: ({ to, from, smarthost, user = '' }) => [
      'email_configs:',
      `  - to: ${quoted(to)}`,
      `    from: ${quoted(from)}`,
      `    smarthost: ${quoted(smarthost)}`,
      ...(user.trim() === '' ? [] : [`    auth_username: ${quoted(user)}`, '    auth_password_file: mail-password']),
    ],
  },
  msteamsv2: {
    title: 'Microsoft Teams',
    fields: [],
    files: () => [{ name: 'teams-webhook', content: 'the URL of a workflow of Teams' }],
    lines: () => ['msteamsv2_configs:', '  - webhook_url_file: teams-webhook'],
  },
  webhook: {
    title: 'Webhook',
    fields: [],
    files: () => [{ name: 'webhook-url', content: 'the URL that gets the messages' }],
    lines: () => ['webhook_configs:', '  - url_file: webhook-url'],
  },
} as const satisfies Record<string, ChannelForm>;

export type ChannelKind = keyof typeof channelForms;

/** A first routing: every alert goes to one channel. */
export function routingText(form: ChannelForm, receiver: string, values: Values): string {
  const head = ['route:', `  receiver: ${quoted(receiver)}`, '  group_by: [repository, tag]', 'receivers:'];
  const lines = form.lines(values).map((line) => `    ${line}`);
  return [...head, `  - name: ${quoted(receiver)}`, ...lines, ''].join('\n');
}
