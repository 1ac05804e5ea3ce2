import type { Section } from '@tidewaiter/routing';

import { plainTls, readTls, type TlsConfig } from '../tls-config.js';

export const transports = ['tcp', 'tls', 'udp'] as const;

/** One entry of `syslog_configs`, a kind of Tidewaiter's own. */
export interface SyslogConfig {
  transport: (typeof transports)[number];
  host: string;
  port: number;
  /** Number of the facility, 0 to 23. */
  facility: number;
  /** `HOSTNAME` and `APP-NAME` of the messages. */
  hostname: string;
  appName: string;
  tls: TlsConfig;
  timeoutMs: number;
  sendResolved: boolean;
  audit: boolean;
}

/** Facilities by number. @see https://www.rfc-editor.org/rfc/rfc5424#section-6.2.1 */
const facilities = [
  ...['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp', 'ntp'],
  ...['audit', 'alert', 'clock', 'local0', 'local1', 'local2', 'local3', 'local4', 'local5', 'local6', 'local7'],
];
const ports = { tcp: 601, tls: 6514, udp: 514 } as const;
/** Texts of the header. @see https://www.rfc-editor.org/rfc/rfc5424#section-6 */
const printable = /^[\x21-\x7e]+$/;

/** Reads one entry of `syslog_configs`; undefined when a problem was noted. */
export function readSyslog(section: Section): SyslogConfig | undefined {
  const address = readAddress(section);
  const config = {
    facility: readFacility(section),
    hostname: readName(section, 'hostname', 255) ?? 'tidewaiter',
    appName: readName(section, 'app_name', 48) ?? 'tidewaiter',
    tls: readTls(section, 'tls_config') ?? plainTls,
    timeoutMs: section.timeoutMs('timeout'),
    sendResolved: section.flag('send_resolved') ?? true,
    audit: section.flag('audit') ?? false,
  };
  section.finish();
  return address && { ...address, ...config };
}

function readAddress(section: Section): Pick<SyslogConfig, 'transport' | 'host' | 'port'> | undefined {
  const text = section.text('address');
  const url = URL.parse(text ?? '');
  const transport = transports.find((each) => `${each}:` === url?.protocol);
  const isBare = url !== null && /^\/?$/.test(url.pathname) && url.username === '' && url.search + url.hash === '';
  if (!url || !transport || !isBare || url.hostname === '') {
    section.problem('address', text === undefined ? 'is required' : 'expected tcp://, tls:// or udp://, host and port');
    return undefined;
  }
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1');
  return { transport, host, port: url.port === '' ? ports[transport] : Number(url.port) };
}

function readFacility(section: Section): number {
  const name = section.text('facility') ?? 'local0';
  const number = facilities.indexOf(name);
  if (number === -1) section.problem('facility', `expected one of ${facilities.join(', ')}`);
  return number;
}

function readName(section: Section, key: string, maxLength: number): string | undefined {
  const name = section.text(key);
  if (name === undefined || (printable.test(name) && name.length <= maxLength)) return name;
  section.problem(key, `expected at most ${maxLength} ASCII characters without spaces`);
  return undefined;
}
