import { channelConfig, channelProblems } from '../../samples/channel-config.js';

describe('readElasticsearch', () => {
  it('reads every key of an entry', () => {
    expect(
      channelConfig(
        `elasticsearch_configs: [{url: 'https://es.example:9200/', index: logs-tidewaiter-prod, http_config: {authorization: {type: ApiKey, credentials: k}}}]`,
      ),
    ).toMatchObject({
      ...{ url: 'https://es.example:9200', index: 'logs-tidewaiter-prod', sendResolved: true },
      http: { auth: { scheme: 'ApiKey' } },
    });
  });

  it.each([
    ['{}', 'elasticsearch_configs[0].url: is required'],
    ["{url: 'http://a/', index: Findings}", 'expected the name of an index, in lower case'],
    ["{url: 'http://a/', index: '../_all'}", 'expected the name of an index, in lower case'],
  ])('refuses %s', (entry, problem) => {
    expect(channelProblems(`elasticsearch_configs: [${entry}]`).join('\n')).toContain(problem);
  });
});
