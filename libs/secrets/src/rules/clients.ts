import { decodeBase64 } from '../encoded-text.js';
import { patterns } from '../file-patterns.js';
import { looksRandom } from '../placeholder.js';
import { captured, listed } from '../secret-rule.js';
import type { SecretRule } from '../secret-rule.js';
import { isWeak } from '../url-credentials.js';
import { fake, spelt } from './fake.js';

const fakeUuid = [8, 4, 4, 4, 12].map((length) => fake(length, 'hex')).join('-');
const notWeak = (value: string) => (isWeak(value) ? undefined : 'likely');
const isToken = (value: string) =>
  /[0-9]/.test(value) && /[A-Za-z]/.test(value) && !/^(?:https?:|\/|\.)|:\/\//.test(value) ? 'likely' : undefined;

/**
 * Rules for files in which clients, tools and editors store a login: access to the file is access
 * to the account.
 */
export const clientRules: readonly SecretRule[] = [
  listed({
    id: 'pgpass-password',
    title: 'Password in .pgpass',
    files: ['.pgpass', 'pgpass.conf'],
    examplePath: 'root/.pgpass',
    minEntropy: 1,
    expression: /^(?:(?:\\.|[^:\\\n]){1,200}:){4}(.{3,256}?)\r?$/,
    matches: () => [`db.internal:5432:app:app:${fake(16)}\n`],
    ignores: () => ['# hostname:port:database:username\n', 'db.internal:5432:app:app:<password>\n'],
  }),
  listed({
    id: 'client-config-password',
    title: 'Password in client configuration',
    minEntropy: 2,
    files: patterns(`
      .pypirc .my.cnf my.cnf .mylogin.cnf mysql/debian.cnf .s3cfg .boto .wgetrc .curlrc .smbcredentials .cifscredentials
      /etc/*cred* samba/*cred* cifs/*cred* .msmtprc msmtprc .fetchmailrc .mutt .muttrc .offlineimaprc .mbsyncrc odbc.ini .odbc.ini
      .ftpconfig sftp.json sftp-config.json .gem/credentials .condarc .dbeaver/**.json .remote-sync.json .snowsql/config
      .snowflake/*.toml .databrickscfg profiles.yml pypoetry/*.toml uv/*.toml helm/repositories.yaml .oci/config auth.json
      clouds.yaml filezilla/*.xml WebServers.xml rclone.conf .hgrc .lftprc http-client.private.env.json .ivy2/.credentials
      .sbt/.credentials .sbt/credentials cabal/config .cabal/config .pause .jfrog/jfrog-cli.conf* .config/restic/*
    `),
    examplePath: 'root/.my.cnf',
    expression:
      /(?:^|[\s"'{,([<:._-])(?:(?:[Pp]ass(?:word|wd|phrase|_phrase)?|PASS(?:WORD|WD)?|[Pp]wd|secret_key)["'\]]{0,2}(?:[ \t]{0,8}(?:=>|[=:,])[ \t]{0,8}|[ \t]{1,8}|[ \t]{0,8}>))(?:"([^"\n]{4,128})"|'([^'\n]{4,128})'|([^\s"'<>{}$,;][^\s"'<>,;]{3,127}))/,
    verify: notWeak,
    matches: () => [`[client]\npassword = ${fake(14)}\n`, `[client]\npassword=grau-brot\n`],
    ignores: () => ['[client]\npassword = <password>\n', '# password must be set\n', ';password = sommerhaus\n'],
  }),
  listed({
    id: 'build-script-password',
    title: 'Password in build script',
    minEntropy: 2,
    files: patterns('*.gradle build.gradle.kts settings.gradle.kts profiles.clj'),
    examplePath: 'app/build.gradle',
    // Without quotes it is an expression: a variable, or a call that reads the password elsewhere.
    expression:
      /[\s"'{,([<:._-](?:[Pp]ass(?:word|wd|phrase)?|[Pp]wd)["'\]]{0,2}[ \t]{0,8}(?:=>|[=:,(]|[ \t])[ \t]{0,8}(?:"([^"\n]{4,128})"|'([^'\n]{4,128})')/,
    verify: notWeak,
    matches: () => [`  credentials {\n    password = "${fake(14)}"\n  }\n`, "  password 'grau-brot'\n"],
    ignores: () => [
      '  password = System.getenv("NEXUS_PASSWORD")\n',
      '  password = findProperty("nexusPassword")\n',
      '  password nexusPassword\n',
      '  password "$nexusPassword"\n',
    ],
  }),
  listed({
    id: 'client-config-token',
    title: 'Token in client configuration',
    severity: 'critical',
    minEntropy: 3,
    files: patterns(`
      .aws/sso/cache/* .aws/cli/cache/* .azure/*.json gcloud/**.json application_default_credentials.json .kube/cache/*
      .kube/cache/oidc-login/* .circleci/cli.yml .config/hub gh/hosts.yml glab-cli/config.yml doctl/config.yaml flyctl/config.yml
      hcloud/cli.toml scw/config.yaml .config/linode-cli .linode-cli stripe/config.toml ngrok.yml .config/heroku/*
      configstore/*.json netlify/config.json .config/op/config .fly/config.yml .wrangler/config/* .sentryclirc
      .netlify/config.json com.vercel.cli/auth.json .now/auth.json .pulumi/credentials.json credentials.tfrc.json .terraformrc
      terraform.rc .aliyun/config.json .bluemix/config.json .databrickscfg .cargo/credentials .cargo/credentials.toml
      .gem/credentials kaggle.json bunfig.toml .bunfig.toml .travis/config.yml .config/containers/auth.json .docker/config.json
      rclone.conf .boto .cf/config.json .ovhrc .ovh.conf .jfrog/jfrog-cli.conf* .edgerc .mc/config.json
    `),
    examplePath: 'root/.circleci/cli.yml',
    expression:
      /(?:^|[\s"'{,:._-])(?:[\w-]{0,40}(?:[Tt]oken|TOKEN|[Ss]ecret|SECRET|(?:api|consumer|application|secret)[_-]?[Kk]ey)|key|rubygems_api_key)["']?[ \t]{0,8}[=:][ \t]{0,8}["']?(?:(?:[Bb]earer|[Bb]asic)[ \t])?([A-Za-z0-9_+/.~|:-]{16,1000})/,
    verify: isToken,
    matches: () => [
      `host: https://circleci.com\ntoken: ${fake(40, 'hex')}\n`,
      `{"users": {"a": {"auth": {"token": "${fake(43)}"}}}}`,
      `{"api_key": "${fakeUuid}"}`,
    ],
    ignores: () => [
      'token: ${TOKEN_OF_THE_USER_1}\n',
      '{"token_uri": "https://oauth2.googleapis.com/token1"}',
      '# token: 0123456789abcdef01234567\n',
    ],
  }),
  listed({
    id: 'composer-auth-token',
    title: 'Composer token',
    files: ['auth.json'],
    examplePath: 'root/.composer/auth.json',
    expression:
      /"(?:(?:github|gitlab|bitbucket)-(?:oauth|token)|bearer)"\s{0,8}:\s{0,8}\{\s{0,20}"[\w.:-]{1,200}"\s{0,8}:\s{0,8}"([A-Za-z0-9_.-]{10,300})"/,
    matches: () => [`{"gitlab-token": {"gitlab.corp.net": "${fake(20)}"}}`],
    ignores: () => ['{"gitlab-token": {"gitlab.corp.net": "<your token>"}}'],
  }),
  listed({
    id: 'bundler-credentials',
    title: 'Password in Bundler configuration',
    files: ['.bundle/config'],
    examplePath: 'root/.bundle/config',
    expression:
      /^BUNDLE_[A-Z0-9_]{1,200}__[A-Z0-9_]{1,100}:[ \t]{1,8}["']?(?:[^\s"':]{1,80}:)?([^\s"':]{6,200})["']?[ \t]{0,8}$/,
    verify: notWeak,
    matches: () => [`---\nBUNDLE_GEMS__CORP__NET: "ci:${fake(14)}"\n`],
    ignores: () => ['---\nBUNDLE_PATH: "vendor/bundle"\n'],
  }),
  listed({
    id: 'filezilla-password',
    title: 'Password in FileZilla configuration',
    files: ['sitemanager.xml', 'recentservers.xml', 'filezilla.xml'],
    examplePath: 'root/.config/filezilla/sitemanager.xml',
    expression: /<Pass encoding="base64">([A-Za-z0-9+/]{6,200}={0,2})<\/Pass>/,
    decode: (text, start, end) => [{ start, end, value: decodeBase64(text.slice(start, end)) }],
    matches: () => [`<Pass encoding="base64">${Buffer.from(fake(14)).toString('base64')}</Pass>`],
    ignores: () => ['<Pass encoding="base64"></Pass>'],
  }),
  listed({
    id: 'gcloud-credentials',
    title: 'gcloud token database',
    severity: 'critical',
    rank: 3,
    minEntropy: 3.5,
    files: ['gcloud/credentials.db', 'gcloud/access_tokens.db'],
    examplePath: 'root/.config/gcloud/credentials.db',
    // In SQLite the values of a row follow each other without a separator.
    expression: /"refresh_token": "([\w/.-]{20,512})"|(ya29\.[\w-]{40,400})/,
    matches: () => [
      `SQLite format 3\0a@b\x05ya29.${fake(120)}2026`,
      `SQLite format 3\0a@b{"refresh_token": "1//0${fake(60)}"}`,
    ],
    ignores: () => ['SQLite format 3\0CREATE TABLE "credentials" (account_id TEXT PRIMARY KEY, value BLOB)'],
  }),
  captured({
    id: 'google-refresh-token',
    title: 'Google OAuth refresh token',
    severity: 'critical',
    rank: 3,
    minEntropy: 3.5,
    keywords: ['1//0'],
    expression: /(1\/\/0[\w-]{40,200})/,
    verify: (value) => (looksRandom(value) ? 'likely' : undefined),
    matches: () => [`FIREBASE_TOKEN=1//0${fake(60)}\n`],
    ignores: () => ['1//0 is not a fraction', `https://a.b/1//0/${fake(20)}`],
  }),
  captured({
    id: 'npm-token-legacy',
    title: 'npm access token',
    severity: 'critical',
    keywords: ['npm_token', 'npm_auth_token', 'npmtoken'],
    reach: 80,
    expression:
      /(?:NPM_(?:AUTH_)?TOKEN|npm_(?:auth_)?token|npmToken)["']?[ \t]{0,8}[=:][ \t]{0,8}["']?([0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12})/,
    matches: () => [spelt('NPM_TOKEN=7c9e6679-7425-40de', '-944b-e07fc1f90ae7\n')],
    ignores: () => ['NPM_TOKEN: ${NPM_TOKEN}', 'NPM_TOKEN=00000000-0000-0000-0000-000000000000'],
  }),
  listed({
    id: 'maven-settings-password',
    title: 'Password in Maven settings',
    files: ['settings.xml', 'settings-*.xml'],
    examplePath: 'root/.m2/settings.xml',
    expression: /<pass(?:word|phrase)>([^<>{}\s]{6,128})<\/pass/,
    matches: () => [`<server><password>${fake(14)}</password></server>`],
    ignores: () => [
      '<password>{COQLCE6DU6GtcS5P=}</password>',
      '<password>${env.MAVEN_REPO_PASS}</password>',
      `<!-- <password>${fake(14)}</password> -->`,
    ],
  }),
  listed({
    id: 'azure-publish-settings',
    title: 'Password in Azure publish profile',
    severity: 'critical',
    files: ['*.publishsettings'],
    examplePath: 'app/site.PublishSettings',
    expression: /(?:userPWD|ManagementCertificate)="([^"\s]{8,1000})/,
    matches: () => [`<publishProfile userName="$a" userPWD="${fake(60)}" />`],
    ignores: () => ['<publishProfile userName="$a" userPWD="" />'],
  }),
];
