import { channelConfig, channelProblems, secretAt } from '../../samples/channel-config.js';

describe('readSns', () => {
  it.each([
    [
      'sns_configs: [{topic_arn: "arn:aws:sns:us-east-2:123456789012:Alerts.fifo", sigv4: {access_key: a, secret_key: b}, subject: S, attributes: {severity: Sev2}}]',
      {
        apiUrl: 'https://sns.us-east-2.amazonaws.com',
        region: 'us-east-2',
        roleArn: undefined,
        target: { topicArn: 'arn:aws:sns:us-east-2:123456789012:Alerts.fifo' },
        subject: 'S',
        attributes: [['severity', 'Sev2']],
        sendResolved: true,
      },
    ],
    [
      'sns_configs: [{phone_number: "+15555550100", sigv4: {region: cn-north-1, access_key: a, secret_key: b, role_arn: "arn:aws-cn:iam::123456789012:role/path/tide"}}]',
      {
        apiUrl: 'https://sns.cn-north-1.amazonaws.com.cn',
        target: { phoneNumber: '+15555550100' },
        roleArn: 'arn:aws-cn:iam::123456789012:role/path/tide',
        stsUrl: 'https://sts.cn-north-1.amazonaws.com.cn',
      },
    ],
  ])('reads %s', (text, expected) => {
    expect(channelConfig(text)).toMatchObject(expected);
  });

  it('reads the environment variables of the AWS tools', () => {
    const environment = {
      AWS_ACCESS_KEY_ID: 'AKIA',
      AWS_SECRET_ACCESS_KEY: 'from the environment',
      AWS_SESSION_TOKEN: 'token',
      AWS_REGION: 'eu-west-1',
      AWS_ENDPOINT_URL_STS: 'https://sts.example.com',
    };
    const sns = (own: string) =>
      channelConfig(`sns_configs: [{topic_arn: "arn:aws:sns:us-east-2:123456789012:A"${own}}]`, { environment });
    const [inherited, own] = [sns(''), sns(', sigv4: {region: us-east-2, access_key: a, secret_key: b}')];
    const asRole = sns(', sigv4: {role_arn: "arn:aws:iam::123456789012:role/tide"}');
    expect(inherited).toMatchObject({ region: 'eu-west-1', credentials: { accessKey: 'AKIA' } });
    expect(secretAt(inherited, 'credentials', 'secretKey')).toBe('from the environment');
    expect(secretAt(inherited, 'credentials', 'sessionToken')).toBe('token');
    expect(own).toMatchObject({ region: 'us-east-2', credentials: { accessKey: 'a', sessionToken: undefined } });
    expect(asRole).toMatchObject({ roleArn: 'arn:aws:iam::123456789012:role/tide', stsUrl: 'https://sts.example.com' });
  });

  it('uses the web identity of a Kubernetes workload without keys', () => {
    const environment = {
      AWS_ROLE_ARN: 'arn:aws:iam::123456789012:role/pod',
      AWS_WEB_IDENTITY_TOKEN_FILE: '/var/run/token',
    };
    const config = channelConfig(
      'sns_configs: [{topic_arn: "arn:aws:sns:us-east-2:123456789012:A", sigv4: {region: us-east-2}}]',
      { environment },
    );
    expect(config).toMatchObject({
      credentials: { roleArn: environment.AWS_ROLE_ARN, tokenFile: '/var/run/token' },
      roleArn: undefined,
      stsUrl: 'https://sts.us-east-2.amazonaws.com',
    });
  });

  it.each([
    ['sns_configs: [{}]', 'sns_configs[0].topic_arn: or target_arn or phone_number is required, one of them'],
    ['sns_configs: [{topic_arn: a, phone_number: b}]', 'topic_arn: or target_arn or phone_number is required'],
    ['sns_configs: [{topic_arn: somewhere}]', 'topic_arn: expected arn:aws:sns:'],
    ['sns_configs: [{phone_number: 555}]', 'phone_number: expected the international form'],
    ['sns_configs: [{phone_number: "+15555550100"}]', 'sigv4.region: is required, or AWS_REGION'],
    [
      'sns_configs: [{topic_arn: "arn:aws:sns:us-east-2:123456789012:A"}]',
      'sigv4.access_key: and secret_key are required, or AWS_ACCESS_KEY_ID',
    ],
    ['sns_configs: [{sigv4: {access_key: a}}]', 'sns_configs[0].sigv4.secret_key: is missing'],
    ['sns_configs: [{sigv4: {region: "evil.example/"}}]', 'sigv4.region: expected a name such as'],
    ['sns_configs: [{sigv4: {role_arn: admin}}]', 'sigv4.role_arn: expected arn:aws:iam'],
    [
      'sns_configs: [{sigv4: {profile: work}}]',
      'not supported: receivers[0].sns_configs[0].sigv4.profile (give access_key',
    ],
    ['sns_configs: [{attributes: {"a b": c}}]', 'attributes: a name has characters'],
  ])('rejects %s', (text, problem) => {
    expect(channelProblems(text).join('\n')).toContain(problem);
  });
});
