import { readEnvironmentKey, readPasswordAssignment, readSecretAssignment } from '../generic-assignment.js';
import { looksRandom } from '../placeholder.js';
import { mayBePrefixed, prefixWords, readPrefixedToken } from '../prefixed-token.js';
import { captured, read } from '../secret-rule.js';
import type { SecretRule } from '../secret-rule.js';
import { isWeak, mayHoldCredentials, readDataSourceName, readUrlCredentials } from '../url-credentials.js';
import { fake, spelt } from './fake.js';

/** Argument with a variable for its value, on a line of its own. */
const argument = /^ [A-Za-z]{3,8}=[\w.]{6,128}(?:,|\s{0,80}\))/;

/** Password in German, French, Spanish, Italian, Portuguese, Dutch, Polish, Czech and Swedish. */
const translations =
  'passwort kennwort motdepasse mot_de_passe contrasena contrasenia senha wachtwoord haslo heslo losenord'
    .split(' ')
    .concat('parola_chiave', 'clave_');

/** Rules for values that only their name or place marks as secret. */
export const genericRules: readonly SecretRule[] = [
  read({
    id: 'database-url',
    title: 'Password in database URL',
    rank: 1,
    minEntropy: 1,
    keywords: ['://'],
    mayBegin: mayHoldCredentials,
    find: (place) => readUrlCredentials(place, true),
    matches: () => [`postgres://app:${fake(16)}@db.internal:5432/app`, `mongodb+srv://app:${fake(12)}@a.b.mongodb.net`],
    ignores: () => [
      'postgres://${USER}:${PASS}@db/app',
      'postgres://postgres:postgres@localhost/app',
      'postgres://db.internal:5432/app',
    ],
  }),
  read({
    id: 'url-credentials',
    title: 'Password in URL',
    rank: 1,
    minEntropy: 1,
    keywords: ['://'],
    mayBegin: mayHoldCredentials,
    find: (place) => readUrlCredentials(place, false),
    matches: () => [`https://ci:${fake(20)}@git.corp.net/app.git`],
    ignores: () => ['https://user@example.com/', 'https://user:pass@example.com/', 'http://a.b:8080/c@d'],
  }),
  captured({
    id: 'oracle-url-password',
    title: 'Password in Oracle connection URL',
    rank: 1,
    keywords: ['jdbc:oracle:'],
    expression: /jdbc:oracle:[a-z]{1,10}:[\w$#]{1,80}\/([^\s"'@/<>{}]{4,128})@/,
    verify: (value) => (isWeak(value) ? undefined : 'likely'),
    matches: () => [`jdbc:oracle:thin:app/${fake(14)}@db.internal:1521/shop`],
    ignores: () => ['jdbc:oracle:thin:scott/tiger@db:1521/shop', 'jdbc:oracle:thin:@db:1521/shop'],
  }),
  read({
    id: 'mysql-dsn-password',
    title: 'Password in data source name',
    rank: 1,
    keywords: ['@tcp(', '@unix('],
    find: readDataSourceName,
    matches: () => [`sql.Open("mysql", "root:${fake(14)}@tcp(10.0.0.5:3306)/shop")`],
    ignores: () => ['sql.Open("mysql", "root:password@tcp(127.0.0.1:3306)/test")', 'user:%s@tcp(%s)/%s'],
  }),
  captured({
    id: 'database-call-password',
    title: 'Password in database connect call',
    rank: 1,
    severity: 'medium',
    confidence: 'possible',
    keywords: ['mysqli_connect', 'getconnection', 'new pdo', 'db.auth'],
    expression:
      /(?:mysqli_connect|getConnection|new PDO|db\.auth)\([ \t]{0,4}(?:["'][^"'\n]{0,200}["'],[ \t]{0,4}){1,2}["']([^"'\s]{6,128})["']/,
    verify: (value) => (isWeak(value) || !/[^A-Za-z_]/.test(value) ? undefined : 'possible'),
    matches: () => [`mysqli_connect("localhost", "root", "${fake(14)}", "shop")`],
    ignores: () => [
      'mysqli_connect("localhost", "root", "password", "shop")',
      'DriverManager.getConnection(url, user, password)',
    ],
  }),
  captured({
    id: 'login-call-password',
    title: 'Password in login call',
    rank: 1,
    severity: 'medium',
    confidence: 'possible',
    keywords: ['.login(', 'auth=(', 'basicauth(', 'basic_auth=(', 'basic_auth(', '.authenticate('],
    expression:
      /(?:\.login\(|auth=\(|[Bb]asic_?[Aa]uth\(|basic_auth=\(|\.authenticate\()\s{0,40}["'][^"'\s]{1,80}["'],\s{0,40}["']([^"'\s$<>{}]{8,128})["']/,
    verify: (value) => (looksRandom(value) && !isWeak(value) ? 'possible' : undefined),
    matches: () => [
      `server.login("a@corp.net", "${fake(14)}")`,
      `requests.get(url, auth=("admin", "${fake(14)}"))`,
      `request.SetBasicAuth("admin", "${fake(14)}")`,
    ],
    ignores: () => ['requests.get(url, auth=("user", "password1"))', 'server.login(user, password)'],
  }),
  captured({
    id: 'jwt-call-key',
    title: 'Signing key in call',
    rank: 1,
    severity: 'medium',
    confidence: 'possible',
    keywords: ['jwt.sign(', 'jwt.encode(', 'jwt.verify(', 'jwt.decode('],
    expression: /[Jj][Ww][Tt]\.(?:sign|encode|verify|decode)\([^,\n"']{1,120},\s{0,20}["']([^"'\s$]{16,200})["']/,
    minEntropy: 3,
    verify: (value) => (looksRandom(value) ? 'possible' : undefined),
    matches: () => [`jwt.sign(payload, '${fake(32)}')`, `jwt.encode(payload, "${fake(40)}", algorithm="HS256")`],
    ignores: () => ["jwt.sign(payload, 'secret-of-the-tests-1')", 'jwt.verify(token, process.env.JWT_SECRET)'],
  }),
  captured({
    id: 'connection-password',
    title: 'Password in connection string',
    rank: 1,
    // Parts in any order, which a keyword of the server's or the user's part identifies.
    keywords: [' password=', ' pwd=', ';password=', ';pwd='],
    expression: /[ ;](?:[Pp]assword|[Pp]wd|PWD|PASSWORD)=([^\s"'`;,&<>{}()[\]$%]{6,128})(?:[\s"'`;,&<]|$)/,
    verify: (value, { text, start }) => {
      const around = text.slice(Math.max(0, start - 200), start + value.length + 200);
      const isConnection = /(?:host|server|data source|user(?: ?id)?|uid|dbname|database)=[^\s;]/i.test(around);
      // Behind a comma, or on a line with one, it is an argument of a call with a variable.
      const isAlone = /\n[ \t]{0,80}$/.test(text.slice(Math.max(0, start - 81), start));
      const isArgument = isAlone ? argument.test(text.slice(start, start + 400)) : /[,(]/.test(text[start - 1] ?? '');
      return !isConnection || isArgument || isWeak(value) || !/[^A-Za-z_]/.test(value) ? undefined : 'likely';
    },
    matches: () => [
      `connect("host=db.corp user=app password=${fake(14)} dbname=shop")`,
      `"DRIVER={ODBC Driver 18};SERVER=sql;UID=sa;PWD=${fake(14)}"`,
    ],
    ignores: () => [
      'connect("host=%s user=%s password=%s dbname=%s")',
      'connect("host=localhost user=test password=test1234")',
      `<input name="a" password=${fake(14)}>`,
      "connect(host=db, user='app', password=password_of_shop1)",
      'connect(\n  host=self.host,\n  password=self.password1,\n)',
      'connect(\n  host=self.host,\n  password=self.password1\n)',
      'connect(\n  user=self.get_option("user1"),\n  password=self.get_option("password1"))',
    ],
  }),
  read({
    id: 'prefixed-token',
    title: 'Token with a prefix for credentials',
    severity: 'medium',
    confidence: 'possible',
    rank: 1,
    minEntropy: 3,
    keywords: prefixWords,
    mayBegin: mayBePrefixed,
    tries: 5_000,
    find: readPrefixedToken,
    matches: () => [
      `client("acme_pat_${fake(40)}")`,
      `key: 'sk-acme-${fake(48)}'`,
      `f("acme_live_${fake(40, 'hex')}")`,
    ],
    ignores: () => [
      `<div class="api_key_Button-primary-large-inverted">`,
      `import "./prod-${fake(32, 'hex')}.js"`,
      `f("task-${fake(40)}")`,
      `"-----BEGIN PUBLIC KEY-----n${fake(60)}"`,
      `f("acme_key_of_the_first_user_in_the_list_of_2024")`,
    ],
  }),
  captured({
    id: 'secure-string',
    title: 'Password in PowerShell script',
    keywords: ['convertto-securestring'],
    expression:
      /[Cc]onvert[Tt]o-[Ss]ecure[Ss]tring[ \t]{1,4}(?:-(?:[Aa]s[Pp]lain[Tt]ext|[Ff]orce|[Ss]tring)[ \t]{1,4}){0,3}["']([^"'\s$]{4,128})["']/,
    verify: (value) => (isWeak(value) ? undefined : 'likely'),
    matches: () => [`$p = ConvertTo-SecureString "${fake(14)}" -AsPlainText -Force`],
    ignores: () => [
      'ConvertTo-SecureString "$Password" -AsPlainText',
      'ConvertTo-SecureString "password" -AsPlainText',
    ],
  }),
  captured({
    id: 'pass-property',
    title: 'Generic password assignment',
    severity: 'medium',
    confidence: 'possible',
    rank: 1,
    // As in clients of mail and of databases: `{ user: "…", pass: "…" }`.
    keywords: ['"pass"', "'pass'", ' pass:'],
    expression: /["' ]pass["']?(?:\][ \t]{0,4}=|[ \t]{0,4}(?::|=>))[ \t]{0,4}["']([^"'\s$<>{}]{8,128})["']/,
    minEntropy: 2.75,
    // In translations it is a text, of a writing without blanks too.
    verify: (value) =>
      /[0-9]/.test(value) && /[A-Za-z]/.test(value) && /^[\x21-\x7e]+$/.test(value) && !isWeak(value)
        ? 'possible'
        : undefined,
    matches: () => [
      `{"user": "a", "pass": "${fake(14)}"}`,
      `auth: { user: 'a', pass: '${fake(14)}' }`,
      `$config['db']['pass'] = '${fake(14)}';`,
    ],
    ignores: () => [
      `{"pass": "\u00e3\u0083\u0089q\u00e31\u3064\u306e"}`,
      "{ user: 'a', pass: 'password1' }",
      "{ pass: 'everything' }",
      'pass: process.env.MAIL_PASS',
    ],
  }),
  read({
    id: 'generic-api-key',
    title: 'Generic secret assignment',
    severity: 'medium',
    confidence: 'possible',
    rank: 1,
    keywords: [
      'secret',
      'token',
      'password',
      'passwd',
      'passphrase',
      'api_key',
      'apikey',
      'api-key',
      'access_key',
      'accesskey',
      'auth_key',
      'authkey',
      'private_key',
      'privatekey',
      'encryption_key',
      'encryptionkey',
      'signing_key',
      'signingkey',
      'master_key',
      'masterkey',
      'credential',
    ],
    find: readSecretAssignment,
    matches: () => [`API_KEY=${fake(32)}\n`, `"clientSecret": "${fake(40)}"`, `my_token: '${fake(24)}'`],
    ignores: () => [
      `public_token = "${fake(40)}"`,
      'token_type = "urn:ietf:params:oauth"',
      `/etc/passwd: ${fake(32, 'hex')}\n`,
      `HashedControlPassword 16:${fake(58, 'hex')}\n`,
      'password = getPassword(config.get("database1"))',
      `"integrity": "sha512-${fake(86, 'base64')}=="`,
      `token = "${[8, 4, 4, 4, 12].map((length) => fake(length, 'hex')).join('-')}"`,
    ],
  }),
  read({
    id: 'environment-key',
    title: 'Key in an environment variable',
    severity: 'medium',
    confidence: 'possible',
    rank: 1,
    keywords: ['_key'],
    // Elsewhere most keys are those of a map.
    paths: /(?:^|\/)(?:\.env[\w.-]{0,40}|[\w.-]{1,80}\.env|\.acme\.sh\/account\.conf)$/,
    examplePath: 'app/.env',
    find: readEnvironmentKey,
    matches: () => [`ACME_INGESTION_KEY=${fake(32, 'hex')}\n`, `SAVED_CF_Key='${fake(37, 'hex')}'\n`],
    ignores: () => [
      `GPG_KEY=${fake(40, 'hex')}\n`,
      `PUBLIC_SITE_KEY=${fake(32)}\n`,
      'CACHE_KEY=users\n',
      `ACME_KEY=${fake(32)}\nACME_SECRET=${fake(32)}\n`,
    ],
  }),
  read({
    id: 'generic-password',
    title: 'Generic password assignment',
    severity: 'medium',
    confidence: 'possible',
    rank: 1,
    keywords: ['password', 'passwd', 'passphrase', 'pwd', '_pass', 'dbpass', ...translations],
    examplePath: 'app/settings.properties',
    find: readPasswordAssignment,
    matches: () => [
      spelt('DB_PASSWORD=Tide', 'Waiter!2041\n'),
      spelt("spring.datasource.password: 'Grau", "Brot#77'\n"),
    ],
    ignores: () => [
      'login.password=Passwort\n',
      'DB_PASSWORD=${DB_PASSWORD}\n',
      'PASSWORD_FILE=/run/secrets/password\n',
      'password: changeme\n',
      '# Example: user=a&password=passw0rd!\n',
    ],
  }),
];
