import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';

describe('readDefectDojo', () => {
  it('reads every key of an entry', () => {
    const config = channelConfig(
      `defectdojo_configs: [{url: 'https://dojo.example/', api_token_file: /run/secrets/bot, product_type: Shop, product: Web, engagement: CI, auto_create: false, close_old_findings: false, min_severity: high}]`,
    );
    expect(config).toMatchObject({
      ...{ url: 'https://dojo.example', productType: 'Shop', product: 'Web', engagement: 'CI' },
      ...{ autoCreate: false, closeOldFindings: false, minSeverity: 'high' },
    });
    expect(secretAt(config, 'token')).toBe('1:fromfile');
  });

  it.each([
    ['{api_token: a}', 'defectdojo_configs[0].url: is required'],
    ["{url: 'http://a/'}", 'defectdojo_configs[0].api_token: or api_token_file is required'],
    ["{url: 'http://a/', api_token: a, min_severity: bad}", 'min_severity: expected one of critical'],
    ["{url: 'http://a/', api_token: a, http_config: {bearer_token: b}}", 'the token authenticates it'],
  ])('refuses %s', (entry, problem) => {
    expect(channelProblems(`defectdojo_configs: [${entry}]`).join('\n')).toContain(problem);
  });
});
