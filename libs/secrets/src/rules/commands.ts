import { programNames, readOption, readPipe, readProgram } from '../command-line.js';
import { readCurl } from '../curl-command.js';
import { captured, read } from '../secret-rule.js';
import type { SecretRule } from '../secret-rule.js';
import { isWeak } from '../url-credentials.js';
import { fake } from './fake.js';

const fakeWord = fake(14);

/** Secrets in commands: in scripts, shell histories and build steps. */
export const commandRules: readonly SecretRule[] = [
  read({
    id: 'command-line-password',
    title: 'Password on command line',
    keywords: programNames,
    tries: 5_000,
    find: readProgram,
    matches: () => [
      `mysqldump -u root -p${fakeWord} shop`,
      `mysql --user=root --password=${fakeWord}`,
      `sshpass -p '${fakeWord}' ssh root@10.0.0.1`,
      `docker login -u ci -p ${fakeWord} registry.corp.net`,
      `redis-cli -h cache -a ${fakeWord} ping`,
      `openssl pkcs12 -export -passout pass:${fakeWord} -out a.p12`,
      `keytool -genkey -keystore a.jks -storepass ${fakeWord}`,
      `htpasswd -bc /etc/nginx/users admin ${fakeWord}`,
      `kubectl create secret generic db --from-literal=password=${fakeWord}`,
      `aws configure set aws_secret_access_key ${fake(40, 'base64')}`,
    ],
    ignores: () => [
      'mysql -u root -p"$PASSWORD" shop',
      'mysql -u root -p shop',
      'apt-get install mysql-server && tar -pxzvf a.tar.gz',
      'docker login -u ci -p ${TOKEN} registry.corp.net',
      'docker login -u USER -p <password>',
      'sshpass -p password ssh a',
      'mkdir -p/var/lib/mysql',
    ],
  }),
  read({
    id: 'command-line-option',
    title: 'Password in command option',
    severity: 'medium',
    confidence: 'possible',
    rank: 1,
    keywords: ['-password', '-passwd', '-passphrase', '-token', '-api-key', '-secret'],
    examplePath: 'app/run.sh',
    tries: 5_000,
    find: readOption,
    matches: () => [
      `tool --password ${fakeWord} run`,
      `tool --token ${fake(40)} run`,
      `tool --db-password ${fakeWord}`,
    ],
    ignores: () => [
      'tool --password "$PASSWORD" run',
      'tool --password PASSWORD run',
      'tool --token TOKEN run',
      'tool --password-file /run/secrets/password',
    ],
  }),
  read({
    id: 'piped-password',
    title: 'Password piped to command',
    keywords: ['--password-stdin', 'chpasswd', 'passwd --stdin', 'sudo -s '],
    tries: 5_000,
    find: readPipe,
    matches: () => [`echo ${fakeWord} | docker login -u ci --password-stdin`, `RUN echo "root:${fakeWord}" | chpasswd`],
    ignores: () => [
      'echo "$TOKEN" | docker login -u ci --password-stdin',
      'echo "root:root" | chpasswd',
      'cat a | chpasswd',
    ],
  }),
  captured({
    id: 'pgpass-line',
    title: 'Password of a PostgreSQL password file',
    // As scripts write it: `echo db:5432:shop:app:… > ~/.pgpass`.
    keywords: [':5432:'],
    expression: /:5432:[\w.*-]{1,64}:[\w.*@-]{1,64}:([^\s:"'$<>{}]{6,128})(?:[\s"']|$)/,
    verify: (value) => (isWeak(value) ? undefined : 'likely'),
    matches: () => [`cat > ~/.pgpass <<EOF\ndb.corp:5432:*:app:${fakeWord}\nEOF\n`],
    ignores: () => ['echo "db:5432:shop:app:$PASSWORD" > ~/.pgpass', 'db:5432:shop:app:password\n'],
  }),
  captured({
    id: 'sql-password',
    title: 'Password in SQL statement',
    keywords: [
      'identified',
      'with password',
      'encrypted password',
      'login password',
      'set password',
      'set\\040password',
      'alter user',
      'alter role',
    ],
    // The history of MySQL writes a blank as `\040`.
    expression:
      /(?:[Ii]dentified|IDENTIFIED|[Ww]ith|WITH|[Ee]ncrypted|ENCRYPTED|[Ll]ogin|LOGIN)(?:[ \t]|\\040){1,4}(?:(?:[Bb]y|BY|[Ww]ith|WITH)(?:[ \t]|\\040){1,4}(?:["']?[\w]{1,40}["']?(?:[ \t]|\\040){1,4}(?:[Bb]y|BY|[Aa]s|AS)(?:[ \t]|\\040){1,4})?|[Pp]assword(?:[ \t]|\\040){1,4}|PASSWORD(?:[ \t]|\\040){1,4})["']([^"'\s$%{}<>\\]{6,128})["']|(?:[Ss]et|SET)(?: |\\040)(?:[Pp]assword|PASSWORD)[^=\n]{0,100}=(?:[ \t]|\\040){0,4}(?:(?:[Pp]assword|PASSWORD)\()?'([^'\s$%{}<>\\]{6,128})'|(?:[Aa]lter|ALTER) (?:[Uu]ser|USER|[Rr]ole|ROLE) ["\w.-]{1,64} (?:[Pp]assword|PASSWORD) '([^'\s$%{}<>\\]{6,128})'/,
    verify: (value, { text, start }) =>
      isWeak(value) || isPlugin(value) || !isInStatement(text, start) ? undefined : 'likely',
    matches: () => [
      `CREATE USER 'a'@'%' IDENTIFIED BY '${fakeWord}';`,
      `ALTER\\040USER\\040'a'\\040IDENTIFIED\\040WITH\\040mysql_native_password\\040BY\\040'${fakeWord}';`,
      `SET PASSWORD FOR 'root'@'localhost' = PASSWORD('${fakeWord}');`,
      `SET\\040PASSWORD\\040FOR\\040app\\040=\\040PASSWORD('${fakeWord}');`,
      `alter role app with password '${fakeWord}';`,
      `ALTER USER app PASSWORD '${fakeWord}';`,
    ],
    ignores: () => [
      "CREATE USER 'a'@'%' IDENTIFIED BY 'password';",
      "ALTER ROLE app WITH PASSWORD '%s'",
      "IDENTIFIED BY '${DB_PASSWORD}'",
      "CREATE USER 'a'@'%' IDENTIFIED WITH 'mysql_native_password' AS '*hash'",
      'identified by "its name"',
      "// the record is identified by 'x-ms-copy-id1'",
      "a page with password 'Reset#me1' is shown",
    ],
  }),
  read({
    id: 'curl-auth-header',
    title: 'curl authorization token',
    minEntropy: 2.75,
    keywords: ['curl'],
    tries: 5_000,
    find: (place) => readCurl(place, 'header'),
    matches: () => [
      `curl -H "Authorization: Bearer ${fake(40)}" https://a.b`,
      `curl -X POST \\\n -H 'X-Api-Key: ${fake(32)}'`,
    ],
    ignores: () => [
      'curl -H "Authorization: Bearer $TOKEN"',
      'curl -H "Authorization: Bearer <token>"',
      'curl --header "Authorization: Basic ..."',
    ],
  }),
  read({
    id: 'curl-auth-user',
    title: 'Password in curl command',
    keywords: ['curl'],
    tries: 5_000,
    find: (place) => readCurl(place, 'user'),
    matches: () => [
      `curl -u deploy:${fake(14)} https://a.b`,
      `curl -s --user 'api:${fake(14)}' https://a.b`,
      `curl https://api.corp.net/v1/charges -u ${fake(32)}:`,
      `curl -u "${fake(24)}:" https://a.b`,
    ],
    ignores: () => [
      'curl -u "$USER:$PASSWORD" https://a.b',
      'curl -u username:password https://a.b',
      'curl -u ":" https://localhost:9200',
      'curl -u "$API_TOKEN_OF_STAGE:" https://a.b',
      'curl -u service-account-name: https://a.b',
    ],
  }),
];

/** Authentication plugin of MySQL: `mysql_native_password`, `auth_socket`. */
const isPlugin = (value: string): boolean =>
  /^[a-z0-9]{1,20}_(?:[a-z0-9]{1,20}_)?(?:password|socket|plugin)$/.test(value);

/** Start of a statement that sets a password, in SQL or in a shell that sends it. */
const statement =
  /(?:^|[^A-Za-z])(?:(?:create|alter|replace)(?:\s|\\040){1,8}(?:[a-z]{1,10}(?:\s|\\040){1,8}){0,2}(?:user|role|login|group|database)|grant(?:\s|\\040)|set(?:\s|\\040){1,4}password)/i;

/** Whether a place is within a statement, and not in prose: "a record identified by its name". */
function isInStatement(text: string, start: number): boolean {
  const before = text.slice(Math.max(0, start - 400), start + 20);
  return statement.test(before.split(/[!?;]|\. /).at(-1) ?? '');
}
