import { channelConfig, channelProblems } from '../../samples/channel-config.js';

describe('readSyslog', () => {
  it('reads every key of an entry', () => {
    expect(
      channelConfig(
        "syslog_configs: [{address: 'tls://log.example:6515', facility: auth, hostname: hub, app_name: tw, tls_config: {ca_file: /etc/ca.pem}}]",
      ),
    ).toMatchObject({
      ...{ transport: 'tls', host: 'log.example', port: 6515, facility: 4, hostname: 'hub', appName: 'tw' },
      tls: { ca: expect.stringContaining('BEGIN') },
    });
  });

  it.each([
    ['tcp://log.example', { transport: 'tcp', host: 'log.example', port: 601, facility: 16 }],
    ['tls://[2001:db8::1]', { transport: 'tls', host: '2001:db8::1', port: 6514 }],
    ['udp://10.0.0.1', { transport: 'udp', host: '10.0.0.1', port: 514 }],
  ])('reads the address %s', (address, expected) => {
    expect(channelConfig(`syslog_configs: [{address: '${address}'}]`)).toMatchObject(expected);
  });

  it.each([
    ['{}', 'syslog_configs[0].address: is required'],
    ["{address: 'log.example:514'}", 'expected tcp://, tls:// or udp://'],
    ["{address: 'http://log.example'}", 'expected tcp://, tls:// or udp://'],
    ["{address: 'tcp://user:p@log.example'}", 'expected tcp://, tls:// or udp://'],
    ["{address: 'tcp://log.example', facility: local9}", 'facility: expected one of kern'],
    ["{address: 'tcp://log.example', app_name: 'a b'}", 'app_name: expected at most 48'],
    ["{address: 'tcp://log.example', http_config: {}}", 'unknown key'],
  ])('refuses %s', (entry, problem) => {
    expect(channelProblems(`syslog_configs: [${entry}]`).join('\n')).toContain(problem);
  });
});
