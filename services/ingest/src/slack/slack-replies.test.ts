import { Egress } from '@tidewaiter/egress';
import type { Logger } from '@tidewaiter/runtime';
import { httpSink, type HttpSink } from '@tidewaiter/testkit';

import { SlackReplies } from './slack-replies.js';

let sink: HttpSink;
const failures: unknown[] = [];
const logger = { debug: (fields: unknown) => failures.push(fields) } as unknown as Logger;

beforeEach(async () => {
  failures.length = 0;
  sink = await httpSink(() => ({ status: 200, body: 'ok' }));
});
afterEach(async () => sink.stop());

describe('SlackReplies', () => {
  it('replies to the user with escaped text', async () => {
    const egress = new Egress({ allow: ['127.0.0.1/32'] });
    const replies = new SlackReplies(egress, logger, sink.url);
    await replies.send(`${sink.url}/actions/1`, 'Silenced: a="<!channel>"');
    await egress.close();
    expect(failures).toEqual([]);
    expect(sink.received.map(({ path, body }) => [path, body])).toEqual([
      ['/actions/1', { response_type: 'ephemeral', replace_original: false, text: 'Silenced: a="&lt;!channel&gt;"' }],
    ]);
  });

  it('calls no other host, and never fails', async () => {
    const egress = new Egress({ allow: ['127.0.0.1/32'] });
    const replies = new SlackReplies(egress, logger);
    for (const url of [sink.url, 'http://169.254.169.254/', 'https://hooks.slack.com.evil.example/', 'nonsense']) {
      await replies.send(url, 'x');
    }
    await egress.close();
    expect(sink.received).toEqual([]);
  });
});
