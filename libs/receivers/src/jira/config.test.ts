import { channelConfig, channelProblems } from '../../samples/channel-config.js';

describe('readJira', () => {
  it.each([
    [
      "jira_configs: [{api_url: 'https://example.atlassian.net/rest/api/3/', project: SEC, issue_type: Bug, labels: [a, b], priority: High, resolve_transition: Done, reopen_transition: Reopen, reopen_duration: 7d, wont_fix_resolution: 'Won''t Do', fields: {components: [{name: Web}], customfield_1: 5, customfield_2: {id: '10001'}}, http_config: {basic_auth: {username: u, password: p}}}]",
      {
        apiUrl: 'https://example.atlassian.net/rest/api/3',
        isCloud: true,
        takesDocuments: true,
        labels: ['a', 'b'],
        summary: undefined,
        kept: new Set(),
        reopenWithinMs: 7 * 86_400_000,
        wontFixResolution: "Won't Do",
        fields: { components: [{ name: 'Web' }], customfield_1: 5, customfield_2: { id: '10001' } },
        http: { auth: { type: 'basic', username: 'u' } },
      },
    ],
    [
      "jira_configs: [{api_url: 'https://jira.example.com/rest/api/2', project: SEC, issue_type: Bug, summary: {template: Images, enable_update: false}, description: {enable_update: false}, labels: {values: [a], enable_update: false}}]",
      {
        isCloud: false,
        takesDocuments: false,
        summary: 'Images',
        labels: ['a'],
        kept: new Set(['summary', 'description', 'labels']),
        http: { auth: undefined },
      },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it.each([
    ['', 'https://example.atlassian.net/rest/api/2', true],
    ['', 'https://api.atlassian.com/ex/jira/1/rest/api/3', true],
    ['', 'https://jira.example.com/rest/api/3', true],
    ['', 'https://atlassian.net.example.com/rest/api/2', false],
    ['api_type: cloud, ', 'https://jira.example.com/rest/api/2', true],
    ['api_type: datacenter, ', 'https://example.atlassian.net/rest/api/latest', false],
  ])('detects the deployment of %s%s', (type, url, isCloud) => {
    const own = `jira_configs: [{${type}project: SEC, issue_type: Bug}]`;
    expect(channelConfig(own, { global: `{jira_api_url: '${url}'}` })).toMatchObject({ isCloud });
  });

  it.each([
    ['https://example.atlassian.net', 'https://example.atlassian.net/rest/api/3', true],
    ['https://example.com/jira/', 'https://example.com/jira/rest/api/2', false],
  ])('completes the API path of %s', (url, apiUrl, takesDocuments) => {
    const own = `jira_configs: [{api_url: '${url}', project: SEC, issue_type: Bug}]`;
    expect(channelConfig(own)).toMatchObject({ apiUrl, takesDocuments });
  });

  it.each([
    ['jira_configs: [{}]', 'jira_configs[0].api_url: is required, or global.jira_api_url'],
    ["jira_configs: [{api_url: 'https://example.com/rest/api/1'}]", 'api_url: expected a path such as /rest/api/3'],
    ['jira_configs: [{api_type: server}]', 'api_type: expected auto, cloud or datacenter'],
    ["jira_configs: [{project: 'a\" OR 1'}]", 'project: expected the key of a project'],
    ['jira_configs: [{}]', 'issue_type: is required'],
    ["jira_configs: [{labels: ['a b']}]", 'labels: a label has no white space'],
    ['jira_configs: [{fields: {labels: [x]}}]', 'fields: labels has a key of its own'],
    ['jira_configs: [{fields: x}]', 'fields: expected a map'],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });
});
