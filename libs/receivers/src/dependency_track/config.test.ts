import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';
import { takesImage } from '../image-filter.js';

describe('readDependencyTrack', () => {
  it('reads every key of an entry', () => {
    const config = channelConfig(
      `dependency_track_configs: [{url: 'https://dtrack.example/', api_key_file: /run/secrets/bot, matchers: ['repository=~"shop/.*"', 'tag!=""'], auto_create: false, project_tags: [prod], timeout: 5s}]`,
    );
    expect(config).toMatchObject({
      ...{ url: 'https://dtrack.example', autoCreate: false, tags: ['prod'], timeoutMs: 5_000 },
    });
    expect(secretAt(config, 'apiKey')).toBe('1:fromfile');
    const takes = (repository: string, tag: string) => takesImage({ config: config! }, { repository, tag });
    expect([takes('shop/app', '1'), takes('shop/app', ''), takes('pay/api', '1')]).toEqual([true, false, false]);
  });

  it('takes every image without matchers', () => {
    const config = channelConfig(`dependency_track_configs: [{url: 'https://d/', api_key: a}]`)!;
    expect(takesImage({ config }, { repository: 'any' })).toBe(true);
  });

  it.each([
    ['{api_key: a}', 'dependency_track_configs[0].url: is required'],
    ["{url: 'http://a/'}", 'dependency_track_configs[0].api_key: or api_key_file is required'],
    ["{url: 'http://a/', api_key: a, http_config: {bearer_token: b}}", 'the key authenticates it'],
    ["{url: 'http://a/', api_key: a, project: b}", 'unknown key'],
    [`{url: 'http://a/', api_key: a, matchers: ['owner="b"']}`, 'images have no label owner'],
  ])('refuses %s', (entry, problem) => {
    expect(channelProblems(`dependency_track_configs: [${entry}]`).join('\n')).toContain(problem);
  });
});
