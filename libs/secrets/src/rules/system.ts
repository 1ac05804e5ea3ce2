import { patterns } from '../file-patterns.js';
import { looksRandom } from '../placeholder.js';
import { captured, listed, read } from '../secret-rule.js';
import type { SecretRule } from '../secret-rule.js';
import { isWeak } from '../url-credentials.js';
import { fake } from './fake.js';

const notWeak = (value: string) => (isWeak(value) ? undefined : 'likely');

/** Letters, digits and signs as in no name or path. */
const isMixed = (value: string): boolean => /[A-Za-z]/.test(value) && /\d/.test(value) && /[^\w./:-]/.test(value);

/** Next attribute of an element whose name ends in a word for a password. */
const attribute = /^[A-Za-z_][\w:.-]{0,60}=$/;

/** Rules for the configuration of system services. */
export const systemRules: readonly SecretRule[] = [
  listed({
    id: 'shadow-password-hash',
    title: 'Password hash in /etc/shadow',
    severity: 'medium',
    files: ['/etc/shadow', '/etc/shadow-'],
    examplePath: 'etc/shadow',
    expression: /^[\w.-]{1,64}:(\$[0-9a-z]{1,4}\$[^:\n]{10,256}):/,
    matches: () => [`root:$6$${fake(8)}$${fake(86)}:19000:0:99999:7:::\n`],
    ignores: () => ['root:!:19000:0:99999:7:::\nsvc:*:19000:0:99999:7:::\n'],
  }),
  listed({
    id: 'htpasswd-hash',
    title: 'Web server password hash (htpasswd)',
    severity: 'low',
    minEntropy: 3,
    files: patterns(`
      .htpasswd htpasswd *.htpasswd .htusers passwd users passwords *.passwd users.txt passwd.txt nginx/*htpasswd*
      apache2/*htpasswd* httpd/*htpasswd*
    `),
    examplePath: 'etc/nginx/.htpasswd',
    expression:
      /^[^\s:#]{1,64}:(\$2[aby]\$\d\d\$[./A-Za-z0-9]{53}|\$(?:apr1|[1567])\$[^:\s]{8,256}|\{SHA\}[A-Za-z0-9+/]{27}=|\{SSHA\}[A-Za-z0-9+/=]{32,64})/,
    matches: () => [
      `admin:$2y$05$${fake(53)}\n`,
      `admin:$apr1$${fake(8)}$${fake(22)}\n`,
      `a:{SHA}${fake(27, 'base64')}=\n`,
    ],
    ignores: () => ['admin:password\n', '# admin:$apr1$\n'],
  }),
  listed({
    id: 'service-config-password',
    title: 'Password in service configuration',
    minEntropy: 2,
    files: patterns(`
      tomcat-users.xml server.xml context.xml standalone*.xml jetty*.xml redis*.conf sentinel.conf ldap.conf pam_ldap.conf
      nsldap.conf nslcd.conf sssd.conf ssmtp.conf rabbitmq.conf zabbix*.conf grafana.ini fstab wpa_supplicant*.conf wpa_supplicant/*.conf asterisk/*.conf *.nmconnection
      iwd/*.psk hostapd*.conf slapd.conf ddclient.conf radiusd.conf clients.conf dovecot-sql*.conf dovecot-ldap*.conf
      dovecot-sql.conf.ext dovecot-ldap.conf.ext pgbouncer.ini proftpd.conf ansible.cfg .ansible.cfg hosts inventory inventory.ini
      inventory*.yml
    `),
    examplePath: 'opt/tomcat/conf/tomcat-users.xml',
    expression:
      /(?:^|[\s"'{,(<])(?:[A-Za-z_]{0,30}(?:[Pp]ass(?:word|wd|phrase|Phrase)?|bindpw|authtok|secret)|psk|requirepass|masterauth|rootpw)(?:"|')?(?:[ \t]{0,8}[=:][ \t]{0,8}|[ \t]{1,8})(?:"([^"\n]{4,128})"|'([^'\n]{4,128})'|([^\s"'<>{}$,;][^\s"'<>,;]{3,127}))/,
    verify: (value) => (attribute.test(value) ? undefined : notWeak(value)),
    matches: () => [
      `<user username="admin" password="${fake(14)}" roles="manager-gui"/>`,
      `<Connector keystoreFile="a.jks" keystorePass="${fake(14)}"/>`,
      `network={\n ssid="a"\n psk="${fake(14)}"\n}\n`,
      `//srv/share /mnt cifs username=a,password=${fake(14)},uid=1000 0 0\n`,
      `requirepass ${fake(14)}\n`,
    ],
    ignores: () => [
      '<Set name="TrustStorePassword" property="ssl.trustStorePassword" />',
      '<user username="admin" password="<must-be-changed>" roles="manager-gui"/>',
      `<!-- <user username="admin" password="${fake(14)}"/> -->`,
      '# requirepass foobared\n',
    ],
  }),
  listed({
    id: 'redis-acl-password',
    title: 'Redis user password',
    files: ['redis*.conf', 'users.acl', '.rediscli_history'],
    examplePath: 'etc/redis/users.acl',
    expression:
      /^user[ \t]{1,8}[^\s]{1,64}[ \t][^\n>]{0,80}>([^\s]{4,128})|^(?:AUTH|auth)[ \t](?:[^\s]{1,64}[ \t])?([^\s]{4,128})$/,
    verify: notWeak,
    matches: () => [`AUTH ${fake(14)}\n`, `user default on >${fake(14)} ~* +@all\n`],
    ignores: () => ['user default on nopass ~* +@all\n', '# user alice on >mypassword\n'],
  }),
  listed({
    id: 'haproxy-password',
    title: 'Password in HAProxy configuration',
    files: ['haproxy*.cfg'],
    examplePath: 'etc/haproxy/haproxy.cfg',
    expression: /(?:insecure-password[ \t]{1,8}|stats auth[ \t]{1,8}[^\s:]{1,64}:)([^\s]{4,128})/,
    verify: notWeak,
    matches: () => [`user admin insecure-password ${fake(14)}\n`, `stats auth admin:${fake(14)}\n`],
    ignores: () => ['# stats auth admin:secret-of-others\n', 'user admin password $6$\n'],
  }),
  captured({
    id: 'installer-password',
    title: 'Password in answers for an installer',
    // Debian's preseed, Red Hat's kickstart.
    keywords: ['-password password ', 'rootpw '],
    expression:
      /(?:-password password|rootpw(?: --plaintext)?)[ \t]{1,4}([^\s$"'<>{}!*-][^\s"'<>{}]{5,127})[ \t]{0,4}(?:\r?\n|$)/,
    verify: notWeak,
    matches: () => [`d-i passwd/root-password password ${fake(14)}\n`, `rootpw --plaintext ${fake(14)}\n`],
    ignores: () => [
      'd-i passwd/root-password password password1\n',
      'rootpw --iscrypted $6$salt$hash\n',
      'rootpw is unset\n',
    ],
  }),
  captured({
    id: 'cloud-init-password',
    title: 'Password in cloud-init user data',
    keywords: ['chpasswd:'],
    expression:
      /chpasswd:[ \t]{0,4}\r?\n(?:[ \t]{1,8}(?:expire|users):[^\n]{0,40}\n){0,2}[ \t]{1,8}list:[ \t]{0,4}\|?[ \t]{0,4}\r?\n[ \t]{1,20}(?:- )?["']?[\w.-]{1,32}:([^\s"'$<>{}]{6,128})/,
    verify: notWeak,
    matches: () => [`#cloud-config\nchpasswd:\n  expire: false\n  list: |\n    root:${fake(14)}\n`],
    ignores: () => ['chpasswd:\n  list: |\n    root:password\n', 'chpasswd: { expire: False }\n'],
  }),
  captured({
    id: 'apache-password-hash',
    title: 'Web server password hash (htpasswd)',
    severity: 'low',
    rank: 1,
    keywords: ['$apr1$'],
    expression: /(\$apr1\$[./A-Za-z0-9]{1,8}\$[./A-Za-z0-9]{22})/,
    matches: () => [`users:\n- "admin:$apr1$${fake(8)}$${fake(22)}"\n`],
    ignores: () => ['admin:$apr1$salt$hash'],
  }),
  captured({
    id: 'vault-unseal-key',
    title: 'HashiCorp Vault unseal key',
    severity: 'critical',
    rank: 3,
    minEntropy: 3.5,
    keywords: ['unseal key', 'recovery key', '"unseal_keys_b64"', '"keys_base64"'],
    expression:
      /(?:(?:[Uu]nseal|[Rr]ecovery) [Kk]ey \d{1,2}:[ \t]{1,4}|"(?:unseal_keys_b64|keys_base64)":\s{0,8}\[\s{0,40}")([A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{44}|[0-9a-f]{64,66})/,
    matches: () => [`Unseal Key 1: ${fake(44, 'base64')}\n`, `{"unseal_keys_b64": ["${fake(43, 'base64')}="]}`],
    ignores: () => ['Unseal Key 1: <key>', 'Unseal Key (will be hidden):'],
  }),
  captured({
    id: 'gossip-key',
    title: 'Consul or Nomad gossip encryption key',
    minEntropy: 3.5,
    keywords: ['encrypt'],
    reach: 100,
    mayBegin: (bytes, _, end) => [0x20, 0x22, 0x09].includes(bytes[end] ?? 0),
    expression: /^encrypt"?[ \t]{0,8}[=:][ \t]{0,8}"([A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{22}==)"/,
    matches: () => [`{"encrypt": "${fake(43, 'base64')}="}`, `encrypt = "${fake(43, 'base64')}="`],
    ignores: () => ['{"encrypt": "true"}', 'encrypt = "<key>"'],
  }),
  listed({
    id: 'windows-answer-file-password',
    title: 'Password in Windows answer file',
    files: ['*unattend*.xml', 'sysprep*.xml'],
    examplePath: 'windows/panther/unattend.xml',
    expression: /<(?:Administrator)?Password>\s{0,40}<Value>([^<\s]{4,200})<\/Value>/,
    verify: notWeak,
    matches: () => [`<AdministratorPassword><Value>${fake(14)}</Value></AdministratorPassword>`],
    ignores: () => ['<AdministratorPassword><Value></Value></AdministratorPassword>'],
  }),
  listed({
    id: 'jenkins-credentials',
    title: 'Jenkins encrypted credentials',
    severity: 'medium',
    minEntropy: 3,
    files: ['credentials.xml', 'config.xml'],
    examplePath: 'var/jenkins_home/credentials.xml',
    expression: />\{(AQAAAB[A-Za-z0-9+/]{20,1000}={0,2})\}</,
    matches: () => [`<password>{AQAAABAAAAAQ${fake(43, 'base64')}=}</password>`],
    ignores: () => ['<password>{AQAAAB}</password>'],
  }),
  listed({
    id: 'mail-relay-password',
    title: 'Mail relay password',
    files: ['sasl_passwd', 'exim/passwd.client', 'exim4/passwd.client'],
    examplePath: 'etc/postfix/sasl_passwd',
    expression: /^[^\s#][^\s]{0,200}?(?:[ \t]{1,20}|:)[^\s:]{1,100}:([^\s:]{4,128})[ \t]{0,8}$/,
    verify: notWeak,
    matches: () => [`[smtp.corp.net]:587 a@corp.net:${fake(14)}\n`, `*.corp.net:a@corp.net:${fake(14)}\n`],
    ignores: () => ['# target:login:password\n', '[smtp.corp.net]:587 user:password\n'],
  }),
  listed({
    id: 'ppp-secret',
    title: 'Dial-up or VPN password',
    files: ['chap-secrets', 'pap-secrets', 'srp-secrets', 'ipsec.secrets', 'ipsec.d/*.secrets', 'davfs2/secrets'],
    examplePath: 'etc/ppp/chap-secrets',
    expression:
      /^[^#\n]{0,200}(?:PSK|EAP|XAUTH)[ \t]{1,8}"([^"\n]{4,256})"|^[^\s#]{1,80}[ \t]{1,20}[^\s]{1,80}[ \t]{1,20}"?([^\s"]{4,128})"?(?:[ \t]|$)/,
    verify: notWeak,
    matches: () => [`client * ${fake(14)} *\n`, `: PSK "${fake(14)}"\n`],
    ignores: () => ['# client server secret IP addresses\n'],
  }),
  listed({
    id: 'snmp-password',
    title: 'SNMP user password',
    severity: 'medium',
    files: ['snmp.conf', 'snmpd.conf', 'snmp.local.conf', 'snmpd.local.conf'],
    examplePath: 'etc/snmp/snmpd.conf',
    expression: /^createUser[ \t]{1,8}[^\s]{1,64}[ \t]{1,8}(?:MD5|SHA[\w-]{0,4})[ \t]{1,8}"?([^\s"]{8,128})"?/,
    verify: notWeak,
    matches: () => [`createUser admin SHA "${fake(14)}" AES "${fake(16)}"\n`],
    ignores: () => ['#createUser authOnlyUser  MD5 "remember to change this password"\n'],
  }),
  listed({
    id: 'dns-key',
    title: 'DNS server key (rndc, TSIG)',
    severity: 'medium',
    minEntropy: 3,
    files: patterns(`
      rndc*.key rndc*.conf named*.key named*.conf bind*.key bind/*.key bind/*.conf
    `),
    examplePath: 'etc/bind/rndc.key',
    expression: /^[ \t]{0,40}secret[ \t]{1,8}"([A-Za-z0-9+/]{20,200}={0,2})"/,
    matches: () => [`key "rndc-key" {\n algorithm hmac-sha256;\n secret "${fake(43, 'base64')}=";\n};\n`],
    ignores: () => ['// secret "";\n'],
  }),
  listed({
    id: 'wireguard-key',
    title: 'WireGuard private key',
    severity: 'critical',
    rank: 3,
    minEntropy: 3.5,
    files: ['wireguard/*.conf', 'wg*.conf', '*.netdev', '*.conf'],
    examplePath: 'etc/wireguard/wg0.conf',
    expression: /^[ \t]{0,8}(?:PrivateKey|PresharedKey)[ \t]{0,8}=[ \t]{0,8}([A-Za-z0-9+/]{43}=)[ \t]{0,8}\r?$/,
    matches: () => [`[Interface]\nPrivateKey = ${fake(43, 'base64')}=\n`],
    ignores: () => [`[Peer]\nPublicKey = ${fake(43, 'base64')}=\n`],
  }),
  read({
    id: 'secret-file',
    title: 'Secret file',
    files: patterns(`
      .vault-token .consul-token .consul_token .nomad-token huggingface/token .huggingface/token .github-token .github_token
      .supabase/access-token secrets/initialAdminPassword secrets/master.key secrets/hudson.util.Secret ldap.secret .erlang.cookie
      .restic-pass .restic-password restic-password .restic_password .borg-passphrase .vault-pass .vault_pass .vault-password
      .vault_password k3s/token k3s/server/token k3s/server/node-token mongo*.key mongo*.keyfile mongo-keyfile mongodb-keyfile
      /run/secrets/* /var/run/secrets/*
    `),
    examplePath: 'root/.vault-token',
    minEntropy: 2.5,
    keywords: [],
    find: ({ text }) => onlyValue(text),
    verify: notWeak,
    matches: () => [`${fake(26)}\n`],
    ignores: () => ['# no token yet\n', '<token>\n'],
  }),
  read({
    id: 'named-secret-file',
    title: 'Secret file',
    severity: 'medium',
    confidence: 'possible',
    files: patterns(`
      secrets/* .secrets/* password password.txt passwd.txt passphrase passphrase.txt token token.txt secret secret.txt api_key
      api-key apikey api_key.txt api-key.txt apikey.txt *.password *.passphrase *.token *.secret
    `),
    examplePath: 'home/step/secrets/password',
    minEntropy: 3,
    keywords: [],
    find: ({ text }) => onlyValue(text),
    verify: (value) => (looksRandom(value) || isMixed(value) ? 'possible' : undefined),
    matches: () => [`${fake(26)}\n`],
    ignores: () => ['administrator\n', 'config/secrets/file.yaml\n', 'first line\nsecond line\n'],
  }),
  read({
    id: 'openvpn-credentials',
    title: 'OpenVPN username and password',
    files: patterns(`
      openvpn/auth.txt openvpn/login.txt openvpn/pass.txt openvpn/credentials.txt openvpn/userpass.txt openvpn/user-pass.txt
      openvpn/auth-*.txt openvpn/*auth*.conf openvpn/auth openvpn/auth.conf openvpn/**/auth*.txt openvpn/*.pass
      openvpn/credentials openvpn/up
    `),
    examplePath: 'etc/openvpn/auth.txt',
    keywords: [],
    find: ({ text }) => onlyValue(text, /^[^\s]{1,80}\r?\n([\x21-\x7e]{4,128})\s{0,4}$/d),
    verify: notWeak,
    matches: () => [`vpnuser\n${fake(14)}\n`],
    ignores: () => ['auth SHA256\nauth-nocache\n'],
  }),
  captured({
    id: 'openvpn-inline-credentials',
    title: 'OpenVPN username and password',
    keywords: ['<auth-user-pass>'],
    expression: /<auth-user-pass>\r?\n[^\s<]{1,80}\r?\n([^\s<]{4,128})\r?\n<\/auth-user-pass>/,
    verify: notWeak,
    matches: () => [`<auth-user-pass>\nbob\n${fake(14)}\n</auth-user-pass>\n`],
    ignores: () => ['<auth-user-pass>\nusername\npassword\n</auth-user-pass>\n'],
  }),
];

/** Reads the single value of a file. */
function onlyValue(text: string, expression = /^([\x21-\x7e]{8,2048})\s{0,4}$/d) {
  const span = text.length > 4_096 ? undefined : expression.exec(text)?.indices?.[1];
  return span === undefined ? [] : [{ start: span[0], end: span[1] }];
}
