import { generateKeyPairSync } from 'node:crypto';

import { findSecrets } from './index.js';
import { mayHoldSecrets } from './paths.js';
import { fake, spelt } from './rules/fake.js';

const key = Buffer.from('key of the tests');
const b64 = (text: string | Buffer) => Buffer.from(text as string).toString('base64');
const pem = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  .privateKey.export({ format: 'pem', type: 'pkcs8' })
  .toString();
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 })
  .privateKey.export({ format: 'pem', type: 'pkcs1' })
  .toString();
const pw = spelt('Tide', 'Waiter!2041');
const pw2 = spelt('grau', 'brot77xQ');
const pw3 = fake(14);
const word = spelt('sommer', 'haus-wand');
const zebra = spelt('hunter', 'Zebra42');
const mixed = spelt('Kx7$m', 'Q2pLw');
const season = spelt('Winter', '2024!');
const leet = spelt('S3cur', '3P4ss');
const admin = spelt('dbAdmin', '#99');
const phrase = spelt('correcthorse', 'battery');
const uuid4 = spelt('7c9e6679-7425-40de', '-944b-e07fc1f90ae7');
const hex = (length: number) => fake(length, 'hex');
const pkcs8 = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'der', type: 'pkcs8' });
const ed25519 = generateKeyPairSync('ed25519').privateKey.export({ format: 'der', type: 'pkcs8' });
const uuid = [8, 4, 4, 4, 12].map((n) => fake(n, 'hex')).join('-');
const ghp = 'ghp_' + fake(36);
const utf16 = (text: string, isBig = false) => {
  const bytes = Buffer.from('\ufeff' + text, 'utf16le');
  return isBig ? bytes.swap16() : bytes;
};
const jwt = `${Buffer.from('{"alg":"HS256","typ":"JWT"}').toString('base64url')}.${Buffer.from('{"sub":"a' + fake(6) + '","exp":2000000000}').toString('base64url')}.${fake(43)}`;

describe('findSecrets', () => {
  // Each file as its program writes it: path, text, and the expected rules, in the order of the
  // text.
  it.each<[path: string, text: string | Buffer, rules: string]>([
    // Assignments of programs and formats.
    ['app/c.rs', `const API_SECRET: &str = "${fake(32)}";\n`, 'generic-api-key'],
    ['app/c.ts', `private readonly apiKey: string = '${fake(32)}';\n`, 'generic-api-key'],
    ['app/c.ts', `const secret = process.env.JWT_SECRET || '${fake(32)}';\n`, 'generic-api-key'],
    ['app/c.rb', `secret = ENV['JWT_SECRET'] || '${fake(32)}'\n`, 'generic-api-key'],
    ['app/c.h', `#define WIFI_PASSWORD "${pw}"\n`, 'generic-password'],
    ['app/c.edn', `{:db {:password "${pw}"}}\n`, 'generic-password'],
    ['app/C.java', `pool.setPassword("${pw3}");\n`, 'generic-password'],
    ['app/C.java', `pool.getPassword("${pw3}");\n`, ''],
    ['app/c.php', `'Template.afterPassword' => 'render2FaUserSettings',\n`, ''],
    ['app/jira.js', "exports.JIRA_CREDENTIAL = 'jiraSoftwareServerPatApi';\n", ''],
    ['app/a.log', `GET /?body=token%3D${ghp}%26a=1 200\n`, 'github-pat'],
    ['app/a.json', `{"html": "\\u0022${ghp}\\u0022"}\n`, 'github-pat'],
    ['app/a.js', `eval("\\x22${ghp}\\x22");\n`, 'github-pat'],
    ['app/a.log', `x22${ghp} u0022${ghp}\n`, ''],
    ['app/jira.js', `exports.JIRA_CREDENTIAL = '${fake(24)}';\n`, 'atlassian-api-token'],
    ['app/c.php', `protected static $dummyPassword = '${pw3}';\n`, ''],
    ['app/c.cs', `public string Password { get; set; } = "${pw}";\n`, 'generic-password'],
    ['app/c.vb', `Const Password As String = "${pw}"\n`, 'generic-password'],
    ['app/C.java', `@Value("\${db.password:${pw3}}")\n`, 'generic-password'],
    ['app/c.m', `NSString *password = @"${pw}";\n`, 'generic-password'],
    ['app/c.py', `token: Optional[str] = "${fake(32)}"\n`, 'generic-api-key'],
    ['app/c.py', `API_KEY = b"${fake(32)}"\n`, 'generic-api-key'],
    ['app/c.py', `parser.add_argument("--password", default="${pw}")\n`, 'generic-password'],
    ['app/c.toml', `password = '''${pw}'''\n`, 'generic-password'],
    ['app/c.json', `{"adminPassword": {"value": "${pw}"}}`, 'generic-password'],
    ['app/c.yml', `password:\n  value: ${pw3}\n`, 'generic-password'],
    ['app/c.xml', `<property name="password"><value>${pw}</value></property>`, 'generic-password'],
    ['app/c.el', `(setq api-secret "${fake(32)}")\n`, 'generic-api-key'],
    ['app/c.cmake', `set(API_SECRET "${fake(32)}")\n`, 'generic-api-key'],
    ['app/c.py', `API_SECRET = (\n    "${fake(24)}"\n)\n`, 'generic-api-key'],
    ['app/env.fish', `set -gx API_SECRET ${fake(32)}\n`, 'generic-api-key'],
    ['app/c.php', `$config['db']['pass'] = '${pw}';\n`, 'pass-property'],
    ['app/c.xml', `<entry key="db.password">${pw}</entry>`, 'generic-password'],
    ['app/c.plist', `<dict><key>DbPassword</key>\n <string>${pw}</string></dict>`, 'generic-password'],
    ['app/c.yaml', `db_password: >-\n  ${pw3}\n`, 'generic-password'],
    ['app/c.yaml', `password: &pw ${pw3}\n`, 'generic-password'],
    ['app/c.yaml', `password: !reference other_password1\n`, ''],
    ['app/c.properties', `db.password=\\\n  ${pw3}\n`, 'generic-password'],
    ['etc/fluent/fluent.conf', `<match **>\n  user elastic\n  password ${pw}\n</match>\n`, 'generic-password'],
    ['etc/a/a.conf', 'password of the user Admin1\npassword Required1 always\n', ''],
    ['root/.acme.sh/account.conf', `SAVED_CF_Key='${hex(37)}'\nSAVED_CF_Email='a@corp.net'\n`, 'environment-key'],
    ['app/c.ini', `passwort = ${pw3}\n`, 'generic-password'],
    ['app/c.ini', `mot_de_passe: ${pw3}\n`, 'generic-password'],
    ['app/.env', `ACME_INGESTION_KEY=${hex(32)}\n`, 'environment-key'],
    ['app/.env', `GPG_KEY=${hex(40)}\nPUBLIC_SITE_KEY=${fake(32)}\n`, ''],
    ['app/c.ini', Buffer.from(`[db]\npassword=${pw3}\n`, 'utf16le').swap16(), 'generic-password'],
    ['app/setup.sh', `skopeo copy --dest-creds ci:${pw3} oci:a docker://r.corp.net/a\n`, 'command-line-password'],
    ['app/ci.txt', `pip install git+https://${hex(40)}@github.com/a/b.git\n`, 'url-credentials'],
    ['app/dsn.txt', `dsn: https://${hex(32)}@o1.ingest.sentry.io/4\n`, ''],
    ['app/lib.dat', pkcs8, 'der-private-key'],
    ['app/a.properties', `jwt.private=${b64(pkcs8)}\n`, 'private-key'],
    // Keys in Base64.
    ['app/a.env', `TLS_KEY=${b64(pem)}\n`, 'private-key'],
    ['app/config.json', `{"key": "${b64(rsa)}"}`, 'private-key'],
    ['app/config.yaml', `key: ${b64(rsa)}\n`, 'private-key'],
    ['app/Dockerfile', `FROM scratch\nENV KEY=${b64(pem)}\n`, 'private-key'],
    ['root/.kube/config', `users:\n- name: a\n  user:\n    client-key-data: ${b64(rsa)}\n`, 'kubeconfig-client-key'],
    ['app/multi.yaml', `key: |\n${b64(rsa).replace(/(.{76})/g, '  $1\n')}\n`, 'private-key'],
    [
      'app/sa.env',
      `GCP=${b64(JSON.stringify({ type: 'service_account', private_key: rsa, client_email: 'a@b' }, null, 2))}\n`,
      'gcp-service-account',
    ],
    [
      'app/sa2.env',
      `GCP=${b64(JSON.stringify({ type: 'service_account', private_key: rsa, client_email: 'a@b' }))}\n`,
      'gcp-service-account',
    ],
    [
      'app/sa.json',
      JSON.stringify({ type: 'service_account', project_id: 'x', private_key_id: fake(40, 'hex'), private_key: rsa }),
      'gcp-service-account',
    ],
    // git.
    [
      'app/.git/config',
      `[http "https://github.com/"]\n\textraheader = AUTHORIZATION: basic ${b64('x-access-token:' + ghp)}\n`,
      'github-pat',
    ],
    ['root/.gitconfig', `[http]\n\textraHeader = Authorization: Basic ${b64('ci:' + pw3)}\n`, 'http-basic-auth'],
    ['root/.gitconfig', `[http]\n\textraHeader = Authorization: Bearer ${fake(40)}\n`, 'http-bearer-token'],
    ['root/.gitconfig', `[http]\n\textraHeader = PRIVATE-TOKEN: ${fake(24)}\n`, 'http-bearer-token'],
    ['root/.git-credentials', `https://me:${pw3}@git.corp.net\n`, 'url-credentials'],
    ['root/.git-credentials', `https://me:${encodeURIComponent(word)}@git.corp.net\n`, 'url-credentials'],
    ['root/.config/git/credentials', `https://me:${word}@git.corp.net\n`, 'url-credentials'],
    // Frameworks.
    ['app/.env', `APP_KEY=base64:${b64(Buffer.from(fake(32)))}\n`, 'laravel-app-key'],
    ['app/.env.production', `APP_KEY=base64:${fake(43, 'base64')}=\n`, 'laravel-app-key'],
    ['app/config/app.php', `'key' => 'base64:${fake(43, 'base64')}=',\n`, 'laravel-app-key'],
    ['app/config/master.key', fake(32, 'hex'), 'rails-master-key'],
    ['app/config/secrets.yml', `production:\n  secret_key_base: ${fake(128, 'hex')}\n`, 'generic-api-key'],
    ['app/settings.py', `SECRET_KEY = 'django-insecure-${fake(50)}'\n`, 'framework-secret-key'],
    ['app/settings.py', `SECRET_KEY = "k#9w^s8x@q1z$m2v&n4b*c6(l0j_h-g5f+d3s!a7p%o=i"\n`, 'framework-secret-key'],
    ['app/config.py', `SECRET_KEY = b'\\x9f\\x1c${fake(16)}'\n`, 'framework-secret-key'],
    ['var/www/wp-config.php', `define( 'DB_PASSWORD', '${pw3}' );\n`, 'wordpress-database-password'],
    [
      'var/www/wp-config.php',
      `define('AUTH_KEY',         'x#9w^s8x@q1z$m2v&n4b*c6(l0j_h-g5f+d3s!a7p%o=i|Zq,T<y?}~');\n`,
      'wordpress-salt',
    ],
    [
      'var/www/wp-config.php',
      `define( 'SECURE_AUTH_SALT', 'x#9w^s8x@q1z$m2v&n4b*c6(l0j_h-g5f+d3s!a7p%o=i|Zq' );\n`,
      'wordpress-salt',
    ],
    // PuTTY.
    [
      'root/key.ppk',
      `PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\nComment: a\nPublic-Lines: 2\n${fake(64, 'base64')}\n${fake(20, 'base64')}\nPrivate-Lines: 2\n${fake(64, 'base64')}\n${fake(30, 'base64')}==\nPrivate-MAC: ${fake(40, 'hex')}\n`,
      'putty-private-key',
    ],
    [
      'root/key3.ppk',
      `PuTTY-User-Key-File-3: ssh-ed25519\r\nEncryption: aes256-cbc\r\nComment: a\r\nPublic-Lines: 2\r\n${fake(64, 'base64')}\r\n${fake(20, 'base64')}\r\nKey-Derivation: Argon2id\r\nArgon2-Memory: 8192\r\nArgon2-Passes: 13\r\nArgon2-Parallelism: 1\r\nArgon2-Salt: ${fake(32, 'hex')}\r\nPrivate-Lines: 1\r\n${fake(64, 'base64')}\r\nPrivate-MAC: ${fake(64, 'hex')}\r\n`,
      'encrypted-putty-private-key',
    ],
    // Package managers of the system.
    ['etc/apt/auth.conf', `machine apt.corp.net/debian login ci password ${pw3}\n`, 'netrc-password'],
    ['etc/apt/auth.conf.d/90corp.conf', `machine apt.corp.net\nlogin ci\npassword ${word}\n`, 'netrc-password'],
    [
      'etc/apt/sources.list.d/corp.list',
      `deb https://ci:${pw3}@apt.corp.net/debian bookworm main\n`,
      'url-credentials',
    ],
    ['etc/pip.conf', `[global]\nindex-url = https://ci:${pw3}@pypi.corp.net/simple\n`, 'url-credentials'],
    // Web servers.
    ['etc/nginx/.htpasswd', `admin:$2y$05$${fake(53)}\n`, 'htpasswd-hash'],
    [
      'etc/nginx/htpasswd',
      `admin:$apr1$${fake(8)}$${fake(22)}\nb:{SHA}${fake(27, 'base64')}=\n`,
      'htpasswd-hash htpasswd-hash',
    ],
    ['etc/apache2/users.htpasswd', `b:{SHA}${fake(27, 'base64')}=\n`, 'htpasswd-hash'],
    // Terraform.
    [
      'app/terraform.tfstate',
      `{"version": 4, "resources": [{"type":"aws_db_instance","instances":[{"attributes":{"password": "${pw2}", "username":"x"}}]}]}`,
      'terraform-state-secret',
    ],
    [
      'app/terraform.tfstate',
      JSON.stringify({ version: 4, resources: [{ instances: [{ attributes: { password: word } }] }] }, null, 2),
      'terraform-state-secret',
    ],
    [
      'app/terraform.tfstate',
      JSON.stringify(
        { version: 4, outputs: { db_password: { value: pw2, type: 'string', sensitive: true } } },
        null,
        2,
      ),
      'terraform-state-secret',
    ],
    [
      'app/terraform.tfstate',
      JSON.stringify(
        {
          version: 4,
          resources: [
            {
              type: 'aws_iam_access_key',
              instances: [
                {
                  attributes: {
                    id: 'AKIA' + fake(16, 'base32'),
                    secret: fake(40, 'base64'),
                    ses_smtp_password_v4: fake(44, 'base64'),
                  },
                },
              ],
            },
          ],
        },
        null,
        2,
      ),
      'aws-access-token terraform-state-secret terraform-state-secret',
    ],
    [
      'app/terraform.tfstate',
      JSON.stringify(
        {
          version: 4,
          resources: [
            {
              type: 'random_password',
              instances: [{ attributes: { result: fake(20), bcrypt_hash: '$2a$10$' + fake(53) } }],
            },
          ],
        },
        null,
        2,
      ),
      'terraform-state-secret',
    ],
    [
      'app/terraform.tfstate',
      JSON.stringify(
        { version: 4, resources: [{ type: 'tls_private_key', instances: [{ attributes: { private_key_pem: pem } }] }] },
        null,
        2,
      ),
      'private-key',
    ],
    [
      'app/terraform.tfstate',
      JSON.stringify(
        {
          version: 4,
          resources: [
            {
              type: 'azurerm_x',
              instances: [
                {
                  attributes: {
                    primary_access_key: fake(86, 'base64') + '==',
                    primary_connection_string: `DefaultEndpointsProtocol=https;AccountName=a;AccountKey=${fake(86, 'base64')}==;EndpointSuffix=core.windows.net`,
                  },
                },
              ],
            },
          ],
        },
        null,
        2,
      ),
      'terraform-state-secret',
    ],
    ['app/prod.tfvars', `db_password = "${word}"\n`, 'hashicorp-tf-password'],
    // UTF-16.
    ['app/settings.ini', utf16(`[db]\r\npassword=${pw}\r\n`), 'generic-password'],
    ['app/settings.ini', utf16(`[db]\r\npassword=${pw}\r\n`, true), 'generic-password'],
    ['app/deploy.ps1', utf16(`$env:GITHUB_TOKEN = "${ghp}"\r\n`), 'github-pat'],
    ['app/id_rsa', utf16(rsa), 'private-key'],
    // Notebooks.
    [
      'app/nb.ipynb',
      JSON.stringify({ cells: [{ cell_type: 'code', source: [`API_KEY = "${fake(32)}"\n`, `x = 1\n`] }] }, null, 1),
      'generic-api-key',
    ],
    [
      'app/nb.ipynb',
      JSON.stringify(
        {
          cells: [
            {
              cell_type: 'code',
              source: [`os.environ["OPENAI_API_KEY"] = 'sk-proj-${fake(74)}T3BlbkFJ${fake(74)}'\n`],
            },
          ],
        },
        null,
        1,
      ),
      'openai-api-key',
    ],
    [
      'app/nb.ipynb',
      JSON.stringify(
        { cells: [{ cell_type: 'code', source: [`client = connect(host="db", password="${pw2}")\n`] }] },
        null,
        1,
      ),
      'generic-password',
    ],
    [
      'app/nb.ipynb',
      JSON.stringify(
        { cells: [{ cell_type: 'code', source: [`aws_secret_access_key = "${fake(40, 'base64')}"\n`] }] },
        null,
        1,
      ),
      'aws-secret-access-key',
    ],
    // Commands.
    ['root/.bash_history', `ls\nexport DB_PASSWORD=${word}\n`, 'generic-password'],
    ['root/.bash_history', `mysql -u root -p${pw3} shop\n`, 'command-line-password'],
    ['root/.zsh_history', `: 1700000000:0;mysql --user=root --password=${word} shop\n`, 'command-line-password'],
    ['root/.mysql_history', `CREATE USER 'a'@'%' IDENTIFIED BY '${pw3}';\n`, 'sql-password'],
    [
      'root/.mysql_history',
      `ALTER\\040USER\\040'root'@'localhost'\\040IDENTIFIED\\040BY\\040'${pw3}';\n`,
      'sql-password',
    ],
    ['root/.psql_history', `ALTER USER app WITH PASSWORD '${word}';\n`, 'sql-password'],
    ['root/.psql_history', `create role app login encrypted password '${pw3}';\n`, 'sql-password'],
    ['app/init.sql', `CREATE USER app WITH PASSWORD '${pw3}';\n`, 'sql-password'],
    ['root/.bash_history', `sshpass -p ${word} ssh root@10.0.0.1\n`, 'command-line-password'],
    ['root/.bash_history', `sshpass -p'${pw3}' ssh root@10.0.0.1\n`, 'command-line-password'],
    ['root/.bash_history', `docker login -u ci -p ${pw3} registry.corp.net\n`, 'command-line-password'],
    [
      'root/.bash_history',
      `docker login --username ci --password ${word} registry.corp.net\n`,
      'command-line-password',
    ],
    ['root/.bash_history', `echo ${pw3} | docker login -u ci --password-stdin\n`, 'piped-password'],
    ['root/.bash_history', `PGPASSWORD=${word} psql -h db\n`, 'generic-password'],
    ['app/run.sh', `PGPASSWORD=${word} psql -h db\n`, 'generic-password'],
    ['app/run.sh', `MYSQL_PWD=${pw3} mysqldump shop\n`, 'generic-password'],
    ['app/run.sh', `#!/bin/sh\nexport SMTP_PASSWORD=${pw2}\n`, 'generic-password'],
    ['app/run.sh', `curl -u deploy:${word} https://nexus.corp.net/\n`, 'curl-auth-user'],
    ['app/run.sh', `wget --user=a --password=${pw3} https://a.corp.net/x\n`, 'command-line-password'],
    ['app/run.sh', `redis-cli -h r -a ${pw3} ping\n`, 'command-line-password'],
    ['app/run.sh', `helm registry login -u a -p ${pw3} r.corp.net\n`, 'command-line-password'],
    [
      'app/run.sh',
      `az login --service-principal -u ${uuid} -p ${fake(34)} --tenant ${uuid}\n`,
      'command-line-password',
    ],
    ['app/run.sh', `mongodump --uri x -u admin -p ${pw3}\n`, 'command-line-password'],
    ['app/run.sh', `openssl pkcs12 -export -passout pass:${pw3} -out a.p12\n`, 'command-line-password'],
    ['app/run.sh', `keytool -genkey -keystore a.jks -storepass ${pw3}\n`, 'command-line-password'],
    ['app/run.sh', `echo "root:${pw3}" | chpasswd\n`, 'piped-password'],
    ['app/run.sh', `htpasswd -bc /etc/x admin ${pw3}\n`, 'command-line-password'],
    ['app/run.sh', `ldapsearch -x -D cn=admin -w ${pw3}\n`, 'command-line-password'],
    ['etc/environment', `PATH=/usr/bin\nDB_PASSWORD=${word}\n`, 'generic-password'],
    ['etc/systemd/system/a.service', `[Service]\nEnvironment=DB_PASSWORD=${word}\n`, 'generic-password'],
    ['etc/systemd/system/a.service', `[Service]\nEnvironment="DB_PASSWORD=${pw3}" "A=b"\n`, 'generic-password'],
    ['etc/default/app', `API_TOKEN=${fake(32, 'hex')}\n`, 'generic-api-key'],
    ['etc/profile.d/x.sh', `export ADMIN_PASSWORD="${word}"\n`, 'generic-password'],
    ['app/Dockerfile', `FROM a\nENV DB_PASSWORD ${word}\n`, 'generic-password'],
    ['app/Dockerfile', `FROM a\nENV API_TOKEN ${fake(32)}\n`, 'generic-api-key'],
    ['app/Dockerfile', `FROM a\nARG NEXUS_PASSWORD=${word}\n`, 'generic-password'],
    ['app/Dockerfile', `FROM a\nENV A=b DB_PASSWORD=${word}\n`, 'generic-password'],
    // Kubernetes.
    ['app/secret.yaml', `apiVersion: v1\nkind: Secret\nstringData:\n  password: ${word}\n`, 'kubernetes-secret-yaml'],
    [
      'app/secret.yaml',
      `apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ntype: Opaque\ndata:\n  token: ${b64(ghp)}\n  user: ${b64('admin')}\n`,
      'github-pat',
    ],
    ['app/secret.yaml', `apiVersion: v1\nkind: Secret\ndata:\n  password: ${b64(word)}\n`, 'kubernetes-secret-yaml'],
    [
      'app/secret.yaml',
      `apiVersion: v1\nkind: Secret\ntype: kubernetes.io/tls\ndata:\n  tls.crt: ${b64('-----BEGIN CERTIFICATE-----\nMIIB')}\n  tls.key: ${b64(rsa)}\n`,
      'private-key',
    ],
    [
      'app/secret.yaml',
      `apiVersion: v1\nkind: Secret\nstringData:\n  config.yaml: |\n    apiUrl: "https://my.api.com"\n    password: ${pw3}\n`,
      'kubernetes-secret-yaml kubernetes-secret-yaml',
    ],
    [
      'app/secret.json',
      JSON.stringify({ apiVersion: 'v1', kind: 'Secret', data: { password: b64(pw3) } }, null, 2),
      'kubernetes-secret-json',
    ],
    [
      'app/list.yaml',
      `apiVersion: v1\nkind: List\nitems:\n- apiVersion: v1\n  kind: Secret\n  data:\n    password: ${b64(pw3)}\n`,
      'kubernetes-secret-yaml',
    ],
    // Java and .NET.
    [
      'opt/tomcat/conf/tomcat-users.xml',
      `<tomcat-users>\n<user username="admin" password="${word}" roles="manager-gui"/>\n</tomcat-users>`,
      'service-config-password',
    ],
    [
      'opt/tomcat/conf/server.xml',
      `<Connector port="8443" keystoreFile="a.jks" keystorePass="${word}"/>`,
      'service-config-password',
    ],
    ['opt/tomcat/conf/server.xml', `<Certificate certificateKeystorePassword="${pw3}"/>`, 'service-config-password'],
    [
      'opt/tomcat/conf/context.xml',
      `<Resource name="jdbc/x" username="a" password="${word}" url="jdbc:mysql://a/b"/>`,
      'service-config-password',
    ],
    ['app/application.properties', `spring.datasource.password=${word}\n`, 'generic-password'],
    ['app/application.yml', `spring:\n  datasource:\n    password: ${pw2}\n`, 'generic-password'],
    ['app/hibernate.cfg.xml', `<property name="hibernate.connection.password">${pw2}</property>`, 'generic-password'],
    [
      'app/web.config',
      `<add name="Db" connectionString="Server=db;Database=a;User Id=sa;Password=${pw3};" />`,
      'connection-password',
    ],
    [
      'app/appsettings.json',
      `{"ConnectionStrings":{"Default":"Server=db;Database=a;User Id=sa;Password=${pw};TrustServerCertificate=true"}}`,
      'connection-password',
    ],
    ['app/jdbc.properties', `url=jdbc:mysql://db/shop?user=app&password=${pw3}\n`, 'generic-password'],
    ['app/x.conf', `url=jdbc:oracle:thin:scott/${pw3}@db:1521/x\n`, 'oracle-url-password'],
    [
      'root/.m2/settings.xml',
      `<server><id>a</id><username>b</username><password>${word}</password></server>`,
      'maven-settings-password',
    ],
    ['root/.nuget/NuGet/NuGet.Config', `<add key="ClearTextPassword" value="${pw3}" />`, 'nuget-config-password'],
    [
      'app/NuGet.config',
      `<packageSourceCredentials><a><add key='Username' value='x' /><add key='ClearTextPassword' value='${word}' /></a></packageSourceCredentials>`,
      'nuget-config-password',
    ],
    [
      'root/.gradle/gradle.properties',
      `nexusPassword=${word}\nsigning.password=${pw3}\n`,
      'generic-password generic-password',
    ],
    // Services of a system.
    [
      'etc/wpa_supplicant/wpa_supplicant.conf',
      `network={\n ssid="home"\n psk="${word}"\n}\n`,
      'service-config-password',
    ],
    ['etc/wpa_supplicant.conf', `network={\n ssid="home"\n psk=${fake(64, 'hex')}\n}\n`, 'service-config-password'],
    [
      'etc/NetworkManager/system-connections/home.nmconnection',
      `[wifi-security]\nkey-mgmt=wpa-psk\npsk=${word}\n`,
      'service-config-password',
    ],
    ['etc/fstab', `//srv/share /mnt cifs username=a,password=${word},uid=1000 0 0\n`, 'service-config-password'],
    ['root/.smbcredentials', `username=a\npassword=${word}\n`, 'client-config-password'],
    ['etc/cifs-credentials', `username=a\npassword=${word}\n`, 'client-config-password'],
    ['etc/samba/credentials', `username=a\npassword=${pw3}\n`, 'client-config-password'],
    ['root/.my.cnf', `[client]\nuser=root\npassword=${word}\n`, 'client-config-password'],
    [
      'etc/mysql/debian.cnf',
      `[client]\nuser     = debian-sys-maint\npassword = ${fake(16)}\n`,
      'client-config-password',
    ],
    ['root/.pgpass', `db:5432:app:app:${word}\n`, 'pgpass-password'],
    [
      'root/.s3cfg',
      `[default]\naccess_key = ${fake(20, 'upper')}\nsecret_key = ${fake(40, 'base64')}\n`,
      'generic-api-key client-config-password',
    ],
    [
      'root/.config/rclone/rclone.conf',
      `[a]\ntype = s3\naccess_key_id = AKIA${fake(16, 'base32')}\nsecret_access_key = ${fake(40, 'base64')}\n`,
      'aws-access-token aws-secret-access-key',
    ],
    [
      'root/.config/rclone/rclone.conf',
      `[b]\ntype = sftp\nhost = x\nuser = y\npass = ${fake(38)}\n`,
      'client-config-password',
    ],
    [
      'root/.config/rclone/rclone.conf',
      `[b]\ntype = drive\ntoken = {"access_token":"ya29.${fake(120)}","token_type":"Bearer","refresh_token":"1//0${fake(60)}"}\n`,
      'gcp-oauth-access-token google-refresh-token',
    ],
    [
      'root/.boto',
      `[Credentials]\naws_access_key_id = AKIA${fake(16, 'base32')}\naws_secret_access_key = ${fake(40, 'base64')}\n`,
      'aws-access-token aws-secret-access-key',
    ],
    ['root/.boto', `[Credentials]\ngs_oauth2_refresh_token = 1//0${fake(60)}\n`, 'google-refresh-token'],
    ['root/.docker/config.json', `{"auths":{"r.corp.net":{"auth":"${b64('ci:' + word)}"}}}`, 'docker-config-auth'],
    [
      'root/.docker/config.json',
      `{"auths":{"r.corp.net":{"auth":"","identitytoken":"${fake(60)}"}}}`,
      'client-config-token',
    ],
    ['root/.dockercfg', `{"r.corp.net":{"auth":"${b64('ci:' + pw3)}","email":"a@b"}}`, 'docker-config-auth'],
    [
      'app/a.PublishSettings',
      `<publishProfile publishMethod="MSDeploy" userName="$a" userPWD="${fake(60)}" />`,
      'azure-publish-settings',
    ],
    ['app/google-services.json', `{"client":[{"api_key":[{"current_key":"AIza${fake(35)}"}]}]}`, 'gcp-api-key'],
    ['app/firebase.env', `FIREBASE_TOKEN=1//0${fake(60)}\n`, 'google-refresh-token'],
    ['app/fcm.py', `FCM_SERVER_KEY = "AAAA${fake(7)}:APA91b${fake(134)}"\n`, 'firebase-server-key'],
    [
      'etc/wireguard/wg0.conf',
      `[Interface]\nPrivateKey = ${b64(Buffer.from(fake(32)))}\n[Peer]\nPublicKey = ${fake(43, 'base64')}=\nPresharedKey = ${fake(43, 'base64')}=\n`,
      'wireguard-key wireguard-key',
    ],
    [
      'etc/openvpn/ta.key',
      `#\n-----BEGIN OpenVPN Static key V1-----\n${Array.from({ length: 16 }, (_, i) => fake(32 + i, 'hex').slice(0, 32)).join('\n')}\n-----END OpenVPN Static key V1-----\n`,
      'openvpn-static-key',
    ],
    ['etc/openvpn/auth.txt', `vpnuser\n${pw3}\n`, 'openvpn-credentials'],
    ['etc/openvpn/client.ovpn', `client\n<key>\n${pem}</key>\n`, 'private-key'],
    [
      'etc/krb5.keytab',
      Buffer.concat([
        Buffer.from([5, 2, 0, 0, 0, 0x45, 0, 1, 0, 11]),
        Buffer.from('CORP.EXAMPLE'),
        Buffer.from([0, 4]),
        Buffer.from('host'),
        Buffer.from(fake(32)),
      ]),
      'kerberos-keytab',
    ],
    [
      'opt/a.jks',
      Buffer.concat([Buffer.from('feedfeed00000002000000010000000100', 'hex'), Buffer.from(fake(80))]),
      'pkcs12-file',
    ],
    [
      'opt/a.keystore',
      Buffer.concat([Buffer.from('feedfeed00000002000000010000000100', 'hex'), Buffer.from(fake(80))]),
      'pkcs12-file',
    ],
    [
      'opt/a.keystore',
      Buffer.concat([Buffer.from('30820a4002010330820a', 'hex'), Buffer.from(fake(80))]),
      'pkcs12-file',
    ],
    [
      'root/.config/sops/age/keys.txt',
      `# created\nAGE-SECRET-KEY-1QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7LL7AUM6ECHK45NJ3S0WDVT2FG8X\n`,
      'age-secret-key',
    ],
    ['root/.vault-token', `hvs.${fake(95)}`, 'vault-service-token'],
    ['root/.vault-token', `s.${fake(24)}`, 'secret-file'],
    ['root/.vault-token', uuid, 'secret-file'],
    ['etc/vault/approle.env', `VAULT_SECRET_ID=${uuid}\n`, 'vault-approle-secret-id'],
    // Clients, CI, tools.
    [
      'root/.aws/sso/cache/a.json',
      `{"startUrl":"https://a","accessToken":"${fake(200)}","clientSecret":"${fake(60)}.${fake(60)}"}`,
      'client-config-token client-config-token',
    ],
    [
      'root/.aws/cli/cache/a.json',
      `{"Credentials":{"AccessKeyId":"ASIA${fake(16, 'base32')}","SecretAccessKey":"${fake(40, 'base64')}","SessionToken":"IQoJ${fake(300, 'base64')}"}}`,
      'aws-access-token aws-secret-access-key client-config-token',
    ],
    [
      'root/.azure/msal_token_cache.json',
      `{"RefreshToken":{"x":{"secret":"0.A${fake(200)}"}},"AccessToken":{"y":{"secret":"${jwt}"}}}`,
      'client-config-token jwt',
    ],
    [
      'root/.azure/accessTokens.json',
      `[{"accessToken":"${jwt}","refreshToken":"0.A${fake(200)}"}]`,
      'jwt client-config-token',
    ],
    [
      'root/.azure/service_principal_entries.json',
      `[{"client_id":"${uuid}","tenant":"${uuid}","client_secret":"${fake(34)}"}]`,
      'client-config-token',
    ],
    [
      'root/.config/gcloud/credentials.db',
      Buffer.concat([
        Buffer.from('SQLite format 3\0'),
        Buffer.alloc(84),
        Buffer.from(
          `a@b{"client_id": "x", "client_secret": "d-FL95Q19q7MQmFpd7hHD0Ty", "refresh_token": "1//0${fake(60)}", "type": "authorized_user"}`,
        ),
      ]),
      'gcloud-credentials',
    ],
    [
      'root/.config/gcloud/access_tokens.db',
      Buffer.concat([Buffer.from('SQLite format 3\0'), Buffer.alloc(84), Buffer.from(`a@bya29.${fake(150)} 2026`)]),
      'gcloud-credentials',
    ],
    [
      'root/.config/gcloud/application_default_credentials.json',
      `{"client_id": "a.apps.googleusercontent.com","client_secret": "d-${fake(22)}","refresh_token": "1//0${fake(60)}","type": "authorized_user"}`,
      'client-config-token google-refresh-token',
    ],
    [
      'root/.config/gcloud/legacy_credentials/a/.boto',
      `[Credentials]\ngs_oauth2_refresh_token = 1//0${fake(60)}\n`,
      'google-refresh-token',
    ],
    ['root/.kube/cache/oidc-login/a', `{"id_token":"${jwt}","refresh_token":"${fake(60)}"}`, 'jwt client-config-token'],
    [
      'root/.kube/config',
      `users:\n- name: a\n  user:\n    auth-provider:\n      config:\n        id-token: ${jwt}\n        refresh-token: ${fake(40)}\n`,
      'jwt kubeconfig-token',
    ],
    ['root/.npmrc', `//npm.corp.net/:_authToken=${uuid}\n`, 'npmrc-auth'],
    ['root/.npmrc', `_auth=${b64('ci:' + word)}\n`, 'npmrc-auth'],
    ['root/.npmrc', `//npm.corp.net/:username=ci\n//npm.corp.net/:_password=${b64(word)}\n`, 'npmrc-auth'],
    ['root/.yarnrc.yml', `npmAuthToken: "${uuid}"\n`, 'npmrc-auth'],
    ['root/.yarnrc.yml', `npmAuthIdent: "ci:${pw3}"\n`, 'npmrc-auth'],
    [
      'root/.bunfig.toml',
      `[install.registry]\nurl = "https://r.corp.net"\ntoken = "${fake(30)}"\n`,
      'client-config-token',
    ],
    ['root/.pip/pip.conf', `[global]\nextra-index-url = https://ci:${word}@pypi.corp.net/simple\n`, 'url-credentials'],
    ['root/.pypirc', `[corp]\nrepository = https://a\nusername = ci\npassword = ${word}\n`, 'client-config-password'],
    [
      'root/.config/pypoetry/auth.toml',
      `[http-basic.corp]\nusername = "ci"\npassword = "${word}"\n`,
      'client-config-password',
    ],
    [
      'root/.config/uv/credentials.toml',
      `[[credential]]\nservice = "https://a"\nusername = "a"\npassword = "${word}"\n`,
      'client-config-password',
    ],
    ['root/.cargo/credentials.toml', `[registry]\ntoken = "cio${fake(32)}"\n`, 'crates-io-token'],
    ['root/.cargo/credentials', `[registries.corp]\ntoken = "Basic ${b64('ci:' + pw3)}"\n`, 'client-config-token'],
    ['root/.gem/credentials', `---\n:rubygems_api_key: rubygems_${fake(48, 'hex')}\n`, 'rubygems-api-token'],
    ['root/.gem/credentials', `---\n:rubygems_api_key: ${fake(32, 'hex')}\n`, 'client-config-token'],
    ['root/.bundle/config', `---\nBUNDLE_GEMS__CORP__NET: "ci:${word}"\n`, 'bundler-credentials'],
    [
      'root/.composer/auth.json',
      `{"http-basic":{"repo.corp.net":{"username":"ci","password":"${word}"}},"github-oauth":{"github.com":"${ghp}"}}`,
      'client-config-password github-pat',
    ],
    [
      'root/.composer/auth.json',
      `{"gitlab-token":{"gitlab.corp.net":"${fake(20)}"},"bearer":{"a.b":"${fake(30)}"}}`,
      'composer-auth-token composer-auth-token',
    ],
    [
      'root/.config/helm/repositories.yaml',
      `repositories:\n- name: a\n  password: ${word}\n  username: ci\n  url: https://x\n`,
      'client-config-password',
    ],
    ['root/.config/helm/registry/config.json', `{"auths":{"r":{"auth":"${b64('ci:' + pw3)}"}}}`, 'docker-config-auth'],
    [
      'root/.terraform.d/credentials.tfrc.json',
      `{"credentials":{"app.terraform.io":{"token":"${fake(14)}.atlasv1.${fake(67)}"}}}`,
      'hashicorp-tf-api-token',
    ],
    [
      'root/.terraform.d/credentials.tfrc.json',
      `{"credentials":{"tf.corp.net":{"token":"${fake(20)}"}}}`,
      'client-config-token',
    ],
    ['root/.terraformrc', `credentials "tf.corp.net" {\n  token = "${fake(24)}"\n}\n`, 'client-config-token'],
    ['root/.netrc', `machine api.heroku.com\n  login a@b\n  password ${uuid}\n`, 'netrc-password'],
    ['root/.config/gh/hosts.yml', `github.com:\n    oauth_token: gho_${fake(36)}\n`, 'github-oauth'],
    [
      'root/.config/hub',
      `github.com:\n- user: a\n  oauth_token: ${fake(40, 'hex')}\n  protocol: https\n`,
      'client-config-token',
    ],
    [
      'root/.config/glab-cli/config.yml',
      `hosts:\n    gitlab.com:\n        token: ${fake(20)}\n`,
      'client-config-token',
    ],
    ['root/.circleci/cli.yml', `host: https://circleci.com\ntoken: ${fake(40, 'hex')}\n`, 'client-config-token'],
    ['root/.databrickscfg', `[DEFAULT]\nhost = https://a\ntoken = dapi${fake(32, 'hex')}\n`, 'databricks-api-token'],
    [
      'root/.databrickscfg',
      `[DEFAULT]\nhost = https://a\nusername = a\npassword = ${word}\n`,
      'client-config-password',
    ],
    [
      'root/.snowsql/config',
      `[connections]\naccountname = a\nusername = b\npassword = ${word}\n`,
      'client-config-password',
    ],
    [
      'root/.snowflake/connections.toml',
      `[default]\naccount = "a"\nuser = "b"\npassword = "${word}"\n`,
      'client-config-password',
    ],
    [
      'app/.streamlit/secrets.toml',
      `OPENAI = "x"\ndb_password = "${word}"\n[db]\npassword = "${pw2}"\n`,
      'generic-password generic-password',
    ],
    [
      'root/.dbt/profiles.yml',
      `shop:\n  outputs:\n    prod:\n      type: postgres\n      user: a\n      password: ${word}\n`,
      'client-config-password',
    ],
    [
      'root/.dbt/profiles.yml',
      `shop:\n  outputs:\n    prod:\n      type: postgres\n      user: a\n      pass: ${pw2}\n`,
      'client-config-password',
    ],
    ['app/.env.local', `DATABASE_PASSWORD='${word}'\n`, 'generic-password'],
    ['app/.env.staging.bak', `DATABASE_PASSWORD=${word}\n`, 'generic-password'],
    [
      'app/.envrc',
      `export STRIPE_SECRET=sk_live_${fake(24)}\nexport DB_PASS=${word}\n`,
      'stripe-access-token generic-password',
    ],
    ['app/.gitlab-ci.yml', `variables:\n  DB_PASSWORD: "${pw2}"\n`, 'generic-password'],
    ['app/.github/workflows/a.yml', `env:\n  API_TOKEN: ${fake(40, 'hex')}\n`, 'generic-api-key'],
    ['app/.travis.yml', `env:\n  global:\n    - API_SECRET=${fake(32)}\n`, 'generic-api-key'],
    [
      'app/docker-compose.yml',
      `services:\n  db:\n    environment:\n      - POSTGRES_PASSWORD=${word}\n`,
      'generic-password',
    ],
    [
      'app/docker-compose.yml',
      `services:\n  db:\n    environment:\n      MYSQL_ROOT_PASSWORD: ${word}\n`,
      'generic-password',
    ],
    ['app/Jenkinsfile', `sh "curl -u admin:${pw3} https://jenkins"\n`, 'curl-auth-user'],
    [
      'var/jenkins_home/credentials.xml',
      `<com.x><password>{AQAAABAAAAAQ${fake(40, 'base64')}}</password></com.x>`,
      'jenkins-credentials',
    ],
    ['var/jenkins_home/secrets/master.key', fake(256, 'hex'), 'secret-file'],
    ['var/jenkins_home/secrets/initialAdminPassword', fake(32, 'hex'), 'secret-file'],
    ['root/.config/doctl/config.yaml', `access-token: dop_v1_${fake(64, 'hex')}\n`, 'digitalocean-pat'],
    ['root/.config/flyctl/config.yml', `access_token: fm2_${fake(120, 'base64')}\n`, 'flyio-access-token'],
    ['root/.fly/config.yml', `access_token: ${fake(43)}\n`, 'client-config-token'],
    [
      'root/.config/configstore/firebase-tools.json',
      `{"tokens":{"refresh_token":"1//0${fake(60)}","access_token":"ya29.${fake(150)}"}}`,
      'google-refresh-token gcp-oauth-access-token',
    ],
    [
      'root/.wrangler/config/default.toml',
      `oauth_token = "${fake(40)}"\nrefresh_token = "${fake(60)}"\n`,
      'client-config-token client-config-token',
    ],
    ['root/.config/ngrok/ngrok.yml', `authtoken: ${fake(49)}\n`, 'client-config-token'],
    ['root/.sentryclirc', `[auth]\ntoken=${fake(64, 'hex')}\n`, 'client-config-token'],
    ['root/.netlify/config.json', `{"users":{"a":{"auth":{"token":"${fake(43)}"}}}}`, 'client-config-token'],
    ['root/.config/heroku/credentials.json', `{"api_key":"${uuid}"}`, 'client-config-token'],
    ['root/.local/share/com.vercel.cli/auth.json', `{"token": "${fake(24)}"}`, 'client-config-token'],
    ['root/.supabase/access-token', `sbp_${fake(40, 'hex')}`, 'supabase-access-token'],
    ['root/.pulumi/credentials.json', `{"accessTokens":{"https://api":"pul-${fake(40, 'hex')}"}}`, 'pulumi-api-token'],
    ['root/.oci/config', `[DEFAULT]\nuser=ocid1\npass_phrase=${word}\n`, 'client-config-password'],
    [
      'root/.bluemix/config.json',
      `{"IAMToken":"Bearer ${jwt}","IAMRefreshToken":"${fake(80)}"}`,
      'jwt client-config-token',
    ],
    [
      'root/.aliyun/config.json',
      `{"profiles":[{"access_key_id":"LTAI${fake(20)}","access_key_secret":"${fake(30)}"}]}`,
      'alibaba-access-key-id client-config-token',
    ],
    ['root/.ssh/config', `Host a\n  # password: x\n`, ''],
    ['etc/exim4/passwd.client', `*.google.com:a@corp.net:${word}\n`, 'mail-relay-password'],
    ['etc/postfix/sasl_passwd', `[smtp.gmail.com]:587 a@corp.net:${word}\n`, 'mail-relay-password'],
    ['etc/ssmtp/ssmtp.conf', `AuthUser=a\nAuthPass=${word}\n`, 'service-config-password'],
    ['root/.msmtprc', `account a\nuser b\npassword ${word}\n`, 'client-config-password'],
    ['etc/redis/redis.conf', `requirepass ${word}\n`, 'service-config-password'],
    ['etc/redis/redis.conf', `user default on >${pw3} ~* +@all\n`, 'redis-acl-password'],
    ['etc/ldap/ldap.secret', `${pw3}\n`, 'secret-file'],
    ['etc/nslcd.conf', `bindpw ${word}\n`, 'service-config-password'],
    ['etc/sssd/sssd.conf', `ldap_default_authtok = ${word}\n`, 'service-config-password'],
    ['etc/pam_ldap.conf', `bindpw ${pw3}\n`, 'service-config-password'],
    ['etc/ppp/chap-secrets', `client * ${word} *\n`, 'ppp-secret'],
    ['etc/ipsec.secrets', `: PSK "${word}"\n`, 'ppp-secret'],
    ['etc/snmp/snmpd.conf', `createUser admin SHA "${word}" AES "${word}x"\n`, 'snmp-password'],
    [
      'etc/bind/rndc.key',
      `key "rndc-key" {\n algorithm hmac-sha256;\n secret "${fake(43, 'base64')}=";\n};\n`,
      'dns-key',
    ],
    ['etc/rabbitmq/rabbitmq.conf', `default_user = a\ndefault_pass = ${word}\n`, 'service-config-password'],
    ['var/lib/rabbitmq/.erlang.cookie', fake(20, 'upper'), 'secret-file'],
    ['etc/mongod.key', fake(256, 'base64'), 'secret-file'],
    [
      'etc/grafana/grafana.ini',
      `admin_password = ${pw2}\nsecret_key = ${fake(20)}\n`,
      'service-config-password generic-api-key',
    ],
    ['etc/zabbix/zabbix_server.conf', `DBPassword=${word}\n`, 'service-config-password'],
    [
      'app/parameters.yml',
      `parameters:\n    database_password: ${word}\n    secret: ${fake(40, 'hex')}\n`,
      'generic-password generic-api-key',
    ],
    ['app/local.xml', `<password><![CDATA[${pw2}]]></password>`, 'generic-password'],
    [
      'app/app/etc/env.php',
      `'password' => '${pw2}',\n'crypt' => ['key' => '${fake(32, 'hex')}'],\n`,
      'generic-password magento-crypt-key',
    ],
    [
      'app/configuration.php',
      `public $password = '${pw2}';\npublic $secret = '${fake(16)}';\n`,
      'generic-password generic-api-key',
    ],
    [
      'app/sites/default/settings.php',
      `$databases['default']['default'] = ['password' => '${pw2}'];\n$settings['hash_salt'] = '${fake(74)}';\n`,
      'generic-password framework-secret-key',
    ],
    [
      'app/LocalSettings.php',
      `$wgDBpassword = "${pw2}";\n$wgSecretKey = "${fake(64, 'hex')}";\n`,
      'generic-password framework-secret-key',
    ],
    [
      'app/config.inc.php',
      `$cfg['Servers'][$i]['password'] = '${pw2}';\n$cfg['blowfish_secret'] = '${fake(32)}';\n`,
      'generic-password framework-secret-key',
    ],
    ['app/db.js', `module.exports = { user: 'a', password: '${pw2}' };\n`, 'generic-password'],
    ['app/main.py', `conn = psycopg2.connect(host='db', user='a', password='${pw2}')\n`, 'generic-password'],
    ['app/main.go', `const dbPassword = "${pw}"\n`, 'generic-password'],
    ['app/Main.java', `private static final String PASSWORD = "${pw}";\n`, 'generic-password'],
    [
      'app/group_vars/all.yml',
      `ansible_password: ${word}\nansible_become_pass: ${word}2\n`,
      'generic-password generic-password',
    ],
    ['app/hosts', `web ansible_host=1.2.3.4 ansible_ssh_pass=${word}\n`, 'service-config-password'],
    ['app/vault.yml', `$ANSIBLE_VAULT;1.1;AES256\n${fake(80, 'hex')}\n${fake(80, 'hex')}\n`, ''],
    [
      'root/.config/filezilla/sitemanager.xml',
      `<Pass encoding="base64">${b64(word)}</Pass>`,
      'client-config-password filezilla-password',
    ],
    [
      'root/.config/filezilla/recentservers.xml',
      `<Host>a</Host><User>b</User><Pass>${word}</Pass>`,
      'client-config-password',
    ],
    ['app/.vscode/sftp.json', `{"host":"a","username":"b","password":"${word}"}`, 'client-config-password'],
    ['app/.idea/WebServers.xml', `<fileTransfer host="a" password="${fake(24, 'hex')}" />`, 'client-config-password'],
    [
      'app/unattend.xml',
      `<AdministratorPassword><Value>${b64(Buffer.from(pw3 + 'AdministratorPassword', 'utf16le'))}</Value><PlainText>false</PlainText></AdministratorPassword>`,
      'windows-answer-file-password',
    ],
    ['app/.s3cfg', `secret_key = ${fake(40, 'base64')}\n`, 'client-config-password'],
    ['app/.htaccess', `SetEnv DB_PASSWORD ${word}\n`, 'generic-password'],
    ['etc/nginx/conf.d/a.conf', `proxy_set_header Authorization "Basic ${b64('ci:' + pw3)}";\n`, 'http-basic-auth'],
    ['etc/php/fpm/pool.d/www.conf', `env[DB_PASSWORD] = ${word}\n`, 'generic-password'],
    ['etc/supervisor/conf.d/a.conf', `environment=DB_PASSWORD="${word}",A="b"\n`, 'generic-password'],
    ['etc/cron.d/backup', `0 1 * * * root PGPASSWORD=${word} pg_dump shop\n`, 'generic-password'],
    ['root/.restic-password', `${pw3}\n`, 'secret-file'],
    ['run/secrets/db_password', `${pw3}\n`, 'secret-file'],
    ['app/http-client.private.env.json', `{"dev":{"password":"${pw2}"}}`, 'client-config-password'],
    [
      'app/postman_collection.json',
      `{"auth":{"type":"basic","basic":[{"key":"password","value":"${pw3}"}]}}`,
      'generic-password',
    ],
    ['app/req.http', `GET https://a.b\nAuthorization: Basic ${b64('ci:' + pw3)}\n`, 'http-basic-auth'],
    ['app/app.log', `GET /cb?access_token=${fake(40)}&x=1\n`, 'generic-api-key'],
    // Further names, and further places of secrets.
    ['app/.npmrc', `//registry.example.com/:_authToken=npm_${fake(36)}\n`, 'npm-access-token'],
    ['app/.env', `DB_PASSWORD=${season}\n`, 'generic-password'],
    ['app/.env', `DB_PASSWORD="${leet}"\nREDIS_PASS=${admin}\n`, 'generic-password generic-password'],
    [
      'app/.env.prod',
      `SECRET_KEY=${fake(50)}\nJWT_SECRET=${fake(32)}\nENCRYPTION_KEY=${hex(64)}\n`,
      'generic-api-key generic-api-key generic-api-key',
    ],
    ['app/.env', `JWT_SECRET=my-super-jwt-signing-phrase-77\n`, 'generic-api-key'],
    ['app/.env', `MONGO_URI=mongodb://root:${leet}@mongo:27017/admin\n`, 'database-url'],
    ['app/.env', `DATABASE_URL=postgres://app:${encodeURIComponent(season)}@10.0.0.5/app\n`, 'database-url'],
    [
      'app/.env',
      `AWS_ACCESS_KEY_ID=AKIA${fake(16, 'base32')}\nAWS_SECRET_ACCESS_KEY=${fake(40, 'base64')}\n`,
      'aws-access-token aws-secret-access-key',
    ],
    ['app/.env', `AZURE_CLIENT_SECRET=${fake(3)}8Q~${fake(34)}\n`, 'azure-ad-client-secret'],
    ['app/.env', `CLOUDINARY_URL=cloudinary://${fake(15, 'digits')}:${fake(27)}@demo\n`, 'url-credentials'],
    ['app/.env', `SENTRY_AUTH_TOKEN=sntrys_eyJpYXQiOjE${fake(80)}\n`, 'generic-api-key'],
    [
      'app/config.yaml',
      `aws:\n  access_key: AKIA${fake(16, 'base32')}\n  secret_key: ${fake(40, 'base64')}\n`,
      'aws-access-token generic-api-key',
    ],
    ['app/config.yaml', `smtp:\n  user: a\n  password: ${season}\n`, 'generic-password'],
    ['app/config.yaml', `smtp:\n  user: a\n  password: "${leet}"\n`, 'generic-password'],
    ['app/config.toml', `[database]\npassword = '${admin}'\n`, 'generic-password'],
    ['app/config.ini', `[database]\npassword = ${leet}\n`, 'generic-password'],
    [
      'app/config/database.yml',
      `production:\n  adapter: mysql2\n  username: shop\n  password: ${leet}\n`,
      'generic-password',
    ],
    [
      'app/config/database.yml',
      `production:\n  adapter: mysql2\n  username: shop\n  password: ${phrase}\n`,
      'generic-password',
    ],
    [
      'app/config/database.php',
      `'mysql' => [ 'username' => 'forge', 'password' => env('DB_PASSWORD', '${leet}'), ],`,
      'generic-password',
    ],
    ['app/config.json', `{"db":{"user":"a","password":"${leet}"}}`, 'generic-password'],
    [
      'app/config.js',
      `module.exports = {db: {password: "${season}"}, jwtSecret: "${fake(32)}"}`,
      'generic-password generic-api-key',
    ],
    ['app/settings.py', `DATABASES = {'default': {'USER': 'a', 'PASSWORD': '${leet}'}}\n`, 'generic-password'],
    ['app/settings.py', `EMAIL_HOST_PASSWORD = '${season}'\n`, 'generic-password'],
    ['app/app.py', `app.secret_key = '${fake(24)}'\n`, 'framework-secret-key'],
    ['app/app.py', `app.config['SECRET_KEY'] = '${fake(24)}'\n`, 'framework-secret-key'],
    ['app/app.py', `client = OpenAI(api_key="sk-proj-${fake(74)}T3BlbkFJ${fake(74)}")\n`, 'openai-api-key'],
    [
      'app/app.py',
      `boto3.client('s3', aws_access_key_id='AKIA${fake(16, 'base32')}', aws_secret_access_key='${fake(40, 'base64')}')\n`,
      'aws-access-token aws-secret-access-key',
    ],
    ['app/app.go', `db, err := sql.Open("mysql", "root:${leet}@tcp(10.0.0.5:3306)/shop")\n`, 'mysql-dsn-password'],
    ['app/app.go', `dsn := "host=db user=app password=${leet} dbname=app sslmode=disable"\n`, 'connection-password'],
    [
      'app/App.java',
      `DriverManager.getConnection("jdbc:postgresql://db/shop", "app", "${season}");\n`,
      'database-call-password',
    ],
    ['app/App.cs', `var cs = "Server=db;Database=shop;User Id=sa;Password=${leet};";\n`, 'connection-password'],
    ['app/app.rb', `ActiveRecord::Base.establish_connection(password: "${leet}")\n`, 'generic-password'],
    ['app/index.php', `$conn = mysqli_connect("localhost", "root", "${leet}", "shop");\n`, 'database-call-password'],
    ['app/index.php', `$password = "${leet}";\n`, 'generic-password'],
    ['app/app.ts', `const apiKey = "${fake(32)}";\n`, 'generic-api-key'],
    ['app/application.yml', `spring:\n  mail:\n    password: ${phrase}\n`, 'generic-password'],
    [
      'app/application-prod.properties',
      `server.ssl.key-store-password=${phrase}\njwt.secret=${fake(40)}\n`,
      'generic-password generic-api-key',
    ],
    ['app/persistence.xml', `<property name="javax.persistence.jdbc.password" value="${leet}"/>`, 'generic-password'],
    ['app/applicationContext.xml', `<bean><property name="password" value="${leet}"/></bean>`, 'generic-password'],
    ['app/log4j2.xml', `<JDBC password="${leet}"/>`, 'generic-password'],
    ['app/pom.xml', `<properties><db.password>${leet}</db.password></properties>`, 'generic-password'],
    ['app/build.gradle', `credentials { username "ci"\n password "${leet}" }\n`, 'build-script-password'],
    ['app/gradle.properties', `ossrhPassword=${season}\n`, 'generic-password'],
    ['app/Dockerfile', `FROM a\nRUN curl -H "PRIVATE-TOKEN: glpat-${fake(20)}" https://git\n`, 'gitlab-pat'],
    ['app/Dockerfile', `FROM a\nRUN git clone https://oauth2:${fake(20)}@gitlab.corp.net/a/b.git\n`, 'url-credentials'],
    [
      'app/Dockerfile',
      `FROM a\nRUN pip install --index-url https://ci:${leet}@pypi.corp.net/simple x\n`,
      'url-credentials',
    ],
    ['app/Dockerfile', `FROM a\nRUN echo 'root:${leet}' | chpasswd\n`, 'piped-password'],
    [
      'app/Dockerfile',
      `FROM a\nENV POSTGRES_PASSWORD="${season}" \\\n    REDIS_PASSWORD=${leet}\n`,
      'generic-password generic-password',
    ],
    [
      'app/Dockerfile',
      `FROM a\nRUN wget --header="Authorization: Bearer ${fake(40)}" https://a\n`,
      'http-bearer-token',
    ],
    ['app/Dockerfile', `FROM a\nRUN useradd -m -p $(openssl passwd -1 ${leet}) bob\n`, 'command-line-password'],
    [
      'app/Dockerfile',
      `FROM a\nRUN npm config set //registry.example.com/:_authToken npm_${fake(36)}\n`,
      'npm-access-token',
    ],
    [
      'app/docker-compose.yml',
      `services:\n  db:\n    environment:\n      POSTGRES_PASSWORD: ${leet}\n      - X=1\n`,
      'generic-password',
    ],
    [
      'app/docker-compose.yml',
      `services:\n  mq:\n    environment:\n    - RABBITMQ_DEFAULT_PASS=${leet}\n`,
      'generic-password',
    ],
    [
      'app/k8s/deploy.yaml',
      `env:\n- name: DB_PASSWORD\n  value: "${leet}"\n- name: API_TOKEN\n  value: ${fake(32)}\n`,
      'generic-password generic-api-key',
    ],
    [
      'app/k8s/cm.yaml',
      `kind: ConfigMap\ndata:\n  application.properties: |\n    spring.datasource.password=${season}\n`,
      'generic-password',
    ],
    [
      'app/k8s/secret.yaml',
      `apiVersion: v1\nkind: Secret\nmetadata:\n  name: a\ndata:\n  DB_PASSWORD: ${b64(season)}\n`,
      'kubernetes-secret-yaml',
    ],
    [
      'app/k8s/secret.yml',
      `apiVersion: v1\ndata:\n  DB_PASSWORD: ${b64(phrase + '\n')}\nkind: Secret\n`,
      'kubernetes-secret-yaml',
    ],
    [
      'app/k8s/secret.yaml',
      `apiVersion: v1\nkind: "Secret"\nstringData:\n  DB_PASSWORD: '${season}'\n  URL: postgres://a:${leet}@db/x\n`,
      'kubernetes-secret-yaml kubernetes-secret-yaml',
    ],
    [
      'app/k8s/secret.yaml',
      `apiVersion: v1\r\nkind: Secret\r\ndata:\r\n  DB_PASSWORD: ${b64(season)}\r\n`,
      'kubernetes-secret-yaml',
    ],
    ['app/ecs-task.json', `{"environment":[{"name":"DB_PASSWORD","value":"${leet}"}]}`, 'generic-password'],
    ['app/values.yaml', `postgresql:\n  auth:\n    postgresPassword: ${leet}\n`, 'generic-password'],
    ['app/ansible/hosts.ini', `[web]\nw1 ansible_user=root ansible_password=${leet}\n`, 'generic-password'],
    ['app/ansible/vars.yml', `mysql_root_password: ${leet}\n`, 'generic-password'],
    [
      'app/main.tf',
      `provider "aws" {\n access_key = "AKIA${fake(16, 'base32')}"\n secret_key = "${fake(40, 'base64')}"\n}\n`,
      'aws-access-token framework-secret-key',
    ],
    ['app/main.tf', `resource "aws_db_instance" "a" {\n password = "${season}"\n}\n`, 'hashicorp-tf-password'],
    ['app/vars.tf', `variable "db_password" {\n  default = "${leet}"\n}\n`, 'terraform-variable-default'],
    ['app/Pulumi.prod.yaml', `config:\n  app:dbPassword: ${leet}\n`, 'generic-password'],
    ['app/.travis.yml', `deploy:\n  api_key: ${fake(40)}\n`, 'generic-api-key'],
    ['app/bitbucket-pipelines.yml', `script:\n - docker login -u ci -p ${leet} r.corp.net\n`, 'command-line-password'],
    ['app/.circleci/config.yml', `environment:\n  NPM_TOKEN: ${uuid4}\n`, 'npm-token-legacy'],
    ['app/Jenkinsfile', `withEnv(['DB_PASSWORD=${leet}']) {}\n`, 'generic-password'],
    ['app/azure-pipelines.yml', `variables:\n  dbPassword: '${leet}'\n`, 'generic-password'],
    ['root/.ssh/id_ecdsa', rsa, 'private-key'],
    ['etc/ssl/private/a.key', pkcs8, 'der-private-key'],
    ['app/key.der', ed25519, 'der-private-key'],
    ['app/key.pk8', pkcs8, 'der-private-key'],
    ['app/server.pem', rsa.replace(/\n/g, '\r\n'), 'private-key'],
    [
      'app/keys.json',
      JSON.stringify([{ kty: 'RSA', d: fake(342), p: fake(171), q: fake(171), n: fake(342), e: 'AQAB' }]),
      'json-web-key',
    ],
    [
      'app/jwk.json',
      JSON.stringify({ kty: 'EC', crv: 'P-256', d: fake(43), x: fake(43), y: fake(43) }, null, 2),
      'json-web-key',
    ],
    ['app/jwk.json', JSON.stringify({ kty: 'oct', k: fake(43) }, null, 2), 'json-web-key'],
    [
      'root/.gnupg/private-keys-v1.d/ABC.key',
      `Created: 20240101T000000\nKey: (private-key (rsa (n #00${hex(64)}#)\n  (e #010001#)\n  (d #${hex(64)}#)))\n`,
      'gnupg-private-key',
    ],
    [
      'root/.gnupg/private-keys-v1.d/ABD.key',
      Buffer.concat([Buffer.from('(11:private-key(3:rsa(1:n257:\0'), Buffer.from(fake(60))]),
      'gnupg-private-key',
    ],
    ['root/.gnupg/secring.gpg', Buffer.from('950346045f00000001' + hex(200), 'hex'), 'gnupg-private-key'],
    [
      'root/vault-keys.txt',
      `Unseal Key 1: ${fake(43, 'base64')}=\nUnseal Key 2: ${fake(44, 'base64')}\nInitial Root Token: hvs.${fake(24)}\n`,
      'vault-unseal-key vault-unseal-key vault-service-token',
    ],
    [
      'root/init.json',
      `{"unseal_keys_b64":["${fake(43, 'base64')}="],"root_token":"s.${fake(24)}"}`,
      'vault-unseal-key vault-service-token-legacy',
    ],
    [
      'root/.bash_history',
      `export AWS_SECRET_ACCESS_KEY=${fake(40, 'base64')}\ncurl -H "X-Api-Key: ${fake(32)}" https://a\n`,
      'aws-secret-access-key curl-auth-header',
    ],
    ['root/.bash_history', `echo "${leet}" | sudo -S apt update\n`, 'piped-password'],
    ['root/.bash_history', `vault login ${'hvs.' + fake(24)}\n`, 'vault-service-token'],
    ['root/.bash_history', `psql "postgresql://app:${leet}@db/app"\n`, 'database-url'],
    ['root/.bash_history', `mongo mongodb://localhost -u admin -p ${leet}\n`, 'command-line-password'],
    ['root/.python_history', `password = "${leet}"\n`, 'generic-password'],
    ['root/.node_repl_history', `const token = "${ghp}"\n`, 'github-pat'],
    ['root/.mysql_history', `SET PASSWORD FOR 'root'@'localhost' = PASSWORD('${leet}');\n`, 'sql-password'],
    ['root/.rediscli_history', `AUTH ${leet}\n`, 'redis-acl-password'],
    ['root/.viminfo', `"1\tLINE\t0\n\tDB_PASSWORD=${leet}\n`, 'generic-password'],
    ['var/log/app.log', `connecting with password=${leet} to db\n`, 'generic-password'],
    ['etc/nginx/nginx.conf', `proxy_set_header X-Api-Key ${fake(32)};\n`, 'http-bearer-token'],
    [
      'etc/haproxy/haproxy.cfg',
      `user admin insecure-password ${leet}\nstats auth admin:${admin}\n`,
      'haproxy-password haproxy-password',
    ],
    ['etc/apache2/a.conf', `SetEnv API_KEY ${fake(32)}\n`, 'generic-api-key'],
    ['etc/squid/passwd', `bob:$apr1$${fake(8)}$${fake(22)}\n`, 'htpasswd-hash'],
    ['etc/mosquitto/passwd', `bob:$7$101$${fake(16, 'base64')}$${fake(86, 'base64')}==\n`, 'htpasswd-hash'],
    ['etc/dhcp/ddclient.conf', `login=bob\npassword=${leet}\n`, 'service-config-password'],
    ['etc/ddclient.conf', `login=bob\npassword='${phrase}'\n`, 'service-config-password'],
    ['etc/davfs2/secrets', `https://dav.corp.net bob ${leet}\n`, 'ppp-secret'],
    ['etc/pam_mysql.conf', `users.db_passwd=${leet}\n`, 'generic-password'],
    ['etc/freeradius/clients.conf', `client a {\n secret = ${leet}\n}\n`, 'service-config-password'],
    ['etc/openldap/slapd.conf', `rootpw ${leet}\n`, 'service-config-password'],
    ['etc/postgresql/recovery.conf', `primary_conninfo = 'host=a user=rep password=${leet}'\n`, 'connection-password'],
    ['etc/mysql/my.cnf', `[mysqld]\n[client]\npassword=${leet}\n`, 'client-config-password'],
    [
      'opt/wildfly/standalone.xml',
      `<security><user-name>sa</user-name><password>${leet}</password></security>`,
      'generic-password',
    ],
    ['opt/weblogic/boot.properties', `username=weblogic\npassword=${leet}\n`, 'generic-password'],
    [
      'opt/kafka/server.properties',
      `sasl.jaas.config=org.apache.kafka.common.security.plain.PlainLoginModule required username="a" password="${leet}";\nssl.keystore.password=${admin}\n`,
      'generic-password generic-password',
    ],
    ['opt/elastic/elasticsearch.yml', `xpack.security.transport.ssl.keystore.password: ${leet}\n`, 'generic-password'],
    ['opt/kibana/kibana.yml', `elasticsearch.password: "${leet}"\n`, 'generic-password'],
    ['opt/prom/prometheus.yml', `basic_auth:\n  username: a\n  password: ${leet}\n`, 'generic-password'],
    [
      'opt/prom/alertmanager.yml',
      `smtp_auth_password: '${leet}'\nslack_api_url: https://hooks.slack.com/services/T${fake(8, 'upper')}/B${fake(10, 'upper')}/${fake(24)}\n`,
      'generic-password slack-webhook-url',
    ],
    [
      'opt/sonar/sonar.properties',
      `sonar.jdbc.password=${leet}\nsonar.token=squ_${hex(40)}\n`,
      'generic-password sonar-prefixed-token',
    ],
    ['opt/gitlab/gitlab.rb', `gitlab_rails['initial_root_password'] = '${leet}'\n`, 'generic-password'],
    ['opt/gitlab/config.toml', `[[runners]]\n  token = "glrt-${fake(20)}"\n`, 'gitlab-runner-authentication-token'],
    [
      'opt/consul/config.json',
      `{"encrypt": "${fake(43, 'base64')}=", "acl": {"tokens": {"master": "${uuid4}"}}}`,
      'gossip-key',
    ],
    ['opt/minio.env', `MINIO_ROOT_USER=minio\nMINIO_ROOT_PASSWORD=${leet}\n`, 'generic-password'],
    ['opt/traefik/users', `admin:$2y$05$${fake(53)}\n`, 'htpasswd-hash'],
    [
      'opt/traefik/traefik.yml',
      `basicAuth:\n  users:\n   - "admin:$apr1$${fake(8)}$${fake(22)}"\n`,
      'apache-password-hash',
    ],
    [
      'opt/airflow/airflow.cfg',
      `fernet_key = ${fake(43)}=\nsql_alchemy_conn = postgresql+psycopg2://airflow:${leet}@db/airflow\n`,
      'fernet-key url-credentials',
    ],
    ['opt/superset_config.py', `SECRET_KEY = '${fake(42)}'\n`, 'framework-secret-key'],
    ['opt/odoo.conf', `admin_passwd = ${leet}\ndb_password = ${admin}\n`, 'generic-password generic-password'],
    ['opt/moodle/config.php', `$CFG->dbpass    = '${leet}';\n`, 'generic-password'],
    [
      'opt/nextcloud/config.php',
      `'dbpassword' => '${leet}',\n'secret' => '${fake(48)}',\n'passwordsalt' => '${fake(30)}',\n`,
      'generic-password generic-api-key',
    ],
    // Values whose prefix, signature or place marks them.
    ['app/a.go', `k := acme.New("acme_live_${fake(40)}")\n`, 'prefixed-token'],
    ['app/a.py', `CosmosClient(url, "${fake(76, 'base64')}ACDbA${fake(4)}Q==")\n`, 'azure-identifiable-key'],
    ['app/a.py', `connect("avnadmin", "AVNS_${fake(19)}")\n`, 'aiven-password'],
    ['app/run.sh', `echo ${b64(ghp)} | base64 -d > token\n`, 'github-pat'],
    ['app/a.js', `const key = atob("${b64(`key=glpat-${fake(20)}`)}");\n`, 'gitlab-pat'],
    ['app/a.yaml', `config: ${b64(`AWS_SECRET_ACCESS_KEY=${fake(40, 'base64')}\n`)}\n`, 'aws-secret-access-key'],
    ['app/a.sh', `curl -H "Authorization: GenieKey ${uuid4}" https://api.corp.net\n`, 'curl-auth-header'],
    ['app/.env', `RAILWAY_TOKEN=${uuid4}\n`, 'generic-api-key'],
    ['app/compose.yml', `environment:\n  WIREGUARD_PRIVATE_KEY: ${fake(43, 'base64')}=\n`, 'generic-api-key'],
    ['app/a.ps1', `net user admin ${leet} /add\n`, 'command-line-password'],
    ['root/.bash_history', `openssl enc -aes-256-cbc -in a -out b -k ${leet}\n`, 'command-line-password'],
    ['home/step/secrets/password', `${fake(30)}\n`, 'named-secret-file'],
    ['app/a.reg', Buffer.from(`[HKEY]\r\n"Token"="glpat-${fake(20)}"\r\n`, 'utf16le'), 'gitlab-pat'],
    ['opt/keycloak/keycloak.conf', `db-password=${leet}\n`, 'generic-password'],
    ['opt/teleport.yaml', `auth_token: ${hex(32)}\n`, 'generic-api-key'],
    [
      'root/.config/rclone/rclone.conf',
      `[x]\ntype = b2\naccount = ${hex(12)}\nkey = K00${fake(28)}\n`,
      'client-config-token',
    ],
    [
      'root/.mc/config.json',
      `{"aliases":{"a":{"accessKey":"minio","secretKey":"${fake(40)}"}}}`,
      'client-config-token',
    ],
    ['root/.mongorc.js', `db.auth("admin", "${leet}")\n`, 'database-call-password'],
    ['root/.erlang.cookie', fake(20, 'upper'), 'secret-file'],
    [
      'root/.cf/config.json',
      `{"AccessToken":"bearer ${fake(40)}","RefreshToken":"${fake(34)}-r"}`,
      'client-config-token client-config-token',
    ],
    ['root/.pgpass', `*:*:*:postgres:${leet}\n`, 'pgpass-password'],
    ['root/.my.cnf', `[client]\nuser=root\npassword="${season}"\n`, 'client-config-password'],
    ['root/.config/stripe/config.toml', `live_mode_api_key = "rk_live_${fake(99)}"\n`, 'stripe-access-token'],
    ['root/.huggingface/token', `hf_${fake(34, 'letters')}`, 'huggingface-access-token'],
    ['root/.cache/huggingface/token', `hf_${fake(34, 'letters')}`, 'huggingface-access-token'],
    ['root/.kaggle/kaggle.json', `{"username":"a","key":"${hex(32)}"}`, 'client-config-token'],
    ['root/.config/wandb/settings', `api_key = ${hex(40)}\n`, 'generic-api-key'],
    ['root/.netrc', `machine api.wandb.ai\n  login user\n  password ${hex(40)}\n`, 'netrc-password'],
    ['root/.artifactory', `apiKey=AKCp${fake(69)}\n`, 'artifactory-api-key'],
    [
      'root/.jfrog/jfrog-cli.conf.v6',
      `{"servers":[{"url":"https://a","user":"a","password":"${leet}","accessToken":"${fake(60)}"}]}`,
      'client-config-password client-config-token',
    ],
    ['root/.sbt/credentials', `realm=x\nhost=a\nuser=b\npassword=${leet}\n`, 'client-config-password'],
    ['root/.ivy2/.credentials', `realm=x\nhost=a\nuser=b\npassword=${phrase}\n`, 'client-config-password'],
    ['root/.lein/profiles.clj', `{:repos {:username "a" :password "${leet}"}}\n`, 'build-script-password'],
    ['root/.cabal/config', `username: a\npassword: ${leet}\n`, 'client-config-password'],
    [
      'root/.pub-cache/credentials.json',
      `{"accessToken":"ya29.${fake(120)}","refreshToken":"1//0${fake(60)}"}`,
      'gcp-oauth-access-token google-refresh-token',
    ],
    ['root/.pause', `user A\npassword ${leet}\n`, 'client-config-password'],
    [
      'root/.s3cfg',
      `access_key = AKIA${fake(16, 'base32')}\nsecret_key = ${fake(40, 'base64')}\ngpg_passphrase = ${leet}\n`,
      'aws-access-token client-config-password client-config-password',
    ],
    ['root/.passwd-s3fs', `AKIA${fake(16, 'base32')}:${fake(40, 'base64')}\n`, 'aws-access-token aws-key-pair'],
    ['etc/passwd-s3fs', `bucket:AKIA${fake(16, 'base32')}:${fake(40, 'base64')}\n`, 'aws-access-token aws-key-pair'],
    [
      'root/.config/gspread_pandas/google_secret.json',
      `{"installed":{"client_secret":"GOCSPX-${fake(28)}"}}`,
      'gcp-oauth-client-secret',
    ],
    [
      'root/.edgerc',
      `[default]\nclient_secret = ${fake(43, 'base64')}=\nhost = a.luna.akamaiapis.net\naccess_token = akab-${fake(16, 'lower')}-${fake(16, 'lower')}\n`,
      'client-config-token client-config-token',
    ],
    [
      'root/.config/scw/config.yaml',
      `access_key: SCW${fake(17, 'upper')}\nsecret_key: ${uuid4}\n`,
      'client-config-token client-config-token',
    ],
    ['root/.linode-cli', `token = ${hex(64)}\n`, 'client-config-token'],
    ['root/.config/linode-cli', `token = ${hex(64)}\n`, 'client-config-token'],
    [
      'root/.ovhrc',
      `[ovh-eu]\napplication_key=${fake(16)}\napplication_secret=${fake(32)}\nconsumer_key=${fake(32)}\n`,
      'client-config-token client-config-token',
    ],
    ['root/.ovh.conf', `[ovh-eu]\napplication_secret=${fake(32)}\nconsumer_key=${fake(32)}\n`, 'client-config-token'],
    ['root/openrc.sh', `export OS_PASSWORD="${leet}"\n`, 'generic-password'],
    ['root/keystonerc_admin', `export OS_PASSWORD=${leet}\n`, 'generic-password'],
    // The same in other clothes.
    ['app/config.json', `{"db":{"user":"a","pass":"Winter2024!"}}`, 'pass-property'],
    ['app/mail.js', `nodemailer.createTransport({auth: {user: 'a@b.c', pass: '${zebra}'}})`, 'pass-property'],
    ['app/a.txt', `here is the key:\n${b64(rsa)}\n`, 'private-key'],
    ['app/a.xml', `<key>${b64(rsa)}</key>`, 'private-key'],
    ['app/Dockerfile', `RUN echo ${b64(rsa)} | base64 -d > /k\n`, 'private-key'],
    ['app/Dockerfile', `FROM a\nARG TOKEN\nENV TOKEN ${ghp}\n`, 'github-pat'],
    ['root/.git-credentials', utf16(`https://a:${ghp}@github.com\r\n`), 'github-pat'],
    ['app/secret.yaml', utf16(`kind: Secret\r\ndata:\r\n  a: ${b64(ghp)}\r\n`), 'github-pat'],
    [
      'app/a.ipynb',
      JSON.stringify({
        cells: [
          {
            source: [
              'password = "' + zebra + '"\n',
              'import os\n',
              'os.environ["AWS_SECRET_ACCESS_KEY"] = "' + fake(40, 'base64') + '"',
            ],
          },
        ],
      }),
      'generic-password generic-api-key',
    ],
    ['app/a.ipynb', JSON.stringify({ cells: [{ source: "TOKEN='" + ghp + "'\nprint(1)" }] }), 'github-pat'],
    [
      'app/a.ipynb',
      JSON.stringify({ cells: [{ source: ['!mysql -u root -p' + zebra + ' shop'] }] }),
      'command-line-password',
    ],
    [
      'etc/systemd/system/a.service.d/override.conf',
      `[Service]\nEnvironment=DB_PASSWORD=${zebra}\n`,
      'generic-password',
    ],
    [
      'etc/systemd/system/a.service',
      `[Service]\nExecStart=/usr/bin/app --db-password ${zebra}\n`,
      'command-line-option',
    ],
    ['etc/systemd/system/a.service', `[Service]\nExecStart=/usr/bin/app --db-password=${zebra}\n`, 'generic-password'],
    ['usr/local/bin/backup', `#!/bin/bash\nmysqldump --user=root --password='${mixed}' shop\n`, 'generic-password'],
    ['usr/local/bin/backup', `#!/bin/bash\nexport PGPASSWORD='${zebra}'\npg_dump\n`, 'generic-password'],
    ['etc/crontab', `0 1 * * * root curl -u bob:${zebra} https://a.corp\n`, 'curl-auth-user'],
    [
      'app/k8s.yaml',
      `apiVersion: v1\nkind: Secret\nmetadata:\n  name: x\ntype: kubernetes.io/dockerconfigjson\ndata:\n  .dockerconfigjson: ${b64(`{"auths":{"r":{"auth":"${b64('a:' + zebra)}"}}}`)}\n`,
      'dockerconfig-secret',
    ],
    [
      'app/k8s.yaml',
      `kind: Secret\ndata:\n    config.env: ${b64(`A=b\nDB_PASSWORD=${zebra}\n`)}\n`,
      'kubernetes-secret-yaml',
    ],
    ['app/k8s.yaml', `---\napiVersion: v1\nkind: Secret\nstringData: {password: "${zebra}"}\n`, 'generic-password'],
    [
      'app/k8s.yaml',
      `# helm\n{{- if .Values.x }}\napiVersion: v1\nkind: Secret\ndata:\n  password: ${b64(zebra)}\n{{- end }}\n`,
      'kubernetes-secret-yaml',
    ],
    [
      'home/a/.putty/k.ppk',
      `PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\nComment: x\nPublic-Lines: 1\n${fake(64, 'base64')}\nPrivate-Lines: 1\n${fake(48, 'base64')}\nPrivate-MAC: ${fake(64, 'hex')}\n`,
      'putty-private-key',
    ],
    [
      'etc/apt/auth.conf.d/x.conf',
      `machine https://esm.ubuntu.com/apps/ubuntu/ login bearer password ${fake(30)}\n`,
      'netrc-password',
    ],
    [
      'opt/tomcat/conf/tomcat-users.xml',
      `<user password="${zebra}" username="x" roles='manager'/>`,
      'service-config-password',
    ],
    [
      'opt/tomcat/conf/server.xml',
      `<Connector\n  keystoreFile="x"\n  keystorePass='${zebra}' />`,
      'service-config-password',
    ],
    [
      'root/terraform.tfstate',
      JSON.stringify(
        {
          version: 3,
          modules: [{ resources: { 'aws_db_instance.a': { primary: { attributes: { password: zebra } } } } }],
        },
        null,
        2,
      ),
      'terraform-state-secret',
    ],
    [
      'root/x.tfstate',
      JSON.stringify({ version: 4, outputs: { k: { sensitive: true, type: 'string', value: zebra } } }),
      'terraform-state-secret',
    ],
    [
      'etc/wpa_supplicant/wpa_supplicant-wlan0.conf',
      `network={\n\tssid="x"\n\t#psk="${zebra}"\n\tpsk=${fake(64, 'hex')}\n}`,
      'service-config-password',
    ],
    [
      'etc/openvpn/client.conf',
      `<tls-auth>\n-----BEGIN OpenVPN Static key V1-----\n${Array.from({ length: 16 }, (_, i) => fake(40 + i, 'hex').slice(0, 32)).join('\n')}\n-----END OpenVPN Static key V1-----\n</tls-auth>`,
      'openvpn-static-key',
    ],
    ['home/a/.ssh/id_rsa.old', rsa, 'private-key'],
    ['home/a/backup/.env~', `DB_PASSWORD=${zebra}\n`, 'generic-password'],
    ['app/.env.old', `DB_PASSWORD=${zebra}\n`, 'generic-password'],
    ['app/wp-config.php.bak', `define('DB_PASSWORD', '${zebra}');\n`, 'wordpress-database-password'],
    [
      'root/.docker/config.json',
      `{\n\t"auths": {\n\t\t"https://index.docker.io/v1/": {\n\t\t\t"auth": "${b64('bob:dckr_pat_' + fake(27))}"\n\t\t}\n\t}\n}`,
      'dockerhub-pat',
    ],
    [
      'root/.config/containers/auth.json',
      `{"auths":{"quay.io":{"auth":"${b64('a+robot:' + fake(64, 'upper'))}"}}}`,
      'docker-config-auth',
    ],
    ['root/.cargo/credentials.toml', `[registries.x]\ntoken = "Bearer ${fake(40)}"\n`, 'client-config-token'],
    [
      'root/.config/gcloud/credentials.db',
      Buffer.concat([
        Buffer.from('SQLite format 3\0'),
        Buffer.alloc(84),
        Buffer.from(`{"type":"service_account","private_key":"${rsa.replace(/\n/g, '\\n')}"}`),
      ]),
      'gcp-service-account',
    ],
    ['app/.yarnrc', `"//registry.corp/:_authToken" "${fake(36)}"\n`, 'npmrc-auth'],
    [
      'app/pip.conf',
      `[global]\nindex-url=https://__token__:${fake(40)}@gitlab.corp/api/v4/pypi/simple\n`,
      'url-credentials',
    ],
    [
      'root/.config/pip/pip.conf',
      `extra-index-url = https://a:${encodeURIComponent(mixed)}@p.corp/simple\n`,
      'url-credentials',
    ],
  ])('finds the planted secrets in %s', (path, text, rules) => {
    const content = Buffer.from(text as string);
    const isRead = mayHoldSecrets(path, content.subarray(0, 512));
    const sightings = isRead ? findSecrets({ path, content }, key).sightings : [];
    expect(sightings.map(({ rule }) => rule).join(' ')).toBe(rules);
  });

  describe('the same secret in another encoding', () => {
    const prints = (path: string, text: string | Buffer) =>
      findSecrets({ path, content: Buffer.from(text as string) }, key).sightings.map(({ fingerprint }) => fingerprint);

    it.each<[string, string | Buffer, string, string | Buffer]>([
      ['a key in Base64', pem, 'app/.env', `KEY=${b64(pem)}\n`],
      ['a key in Base64 over lines', rsa, 'a.yaml', `key: |\n${b64(rsa).replace(/(.{76})/g, '  $1\n')}\n`],
      ['a key in a kubeconfig', rsa, 'root/.kube/config', `    client-key-data: ${b64(rsa)}\n`],
      ['a key in a Secret', rsa, 'a.yaml', `kind: Secret\ndata:\n  tls.key: ${b64(rsa)}\n`],
      ['a token in a Secret', `T=${ghp}\n`, 'a.yaml', `kind: Secret\ndata:\n  token: ${b64(ghp)}\n`],
      ['a file in a Secret', `T=${ghp}\n`, 'a.yaml', `kind: Secret\ndata:\n  env: ${b64(`A=b\nT=${ghp}\n`)}\n`],
      [
        'a token in a header',
        `T=${ghp}\n`,
        'app/.git/config',
        `extraheader = Authorization: Basic ${b64('x:' + ghp)}\n`,
      ],
      ['UTF-16', `T=${ghp}\n`, 'a.ps1', utf16(`T=${ghp}\r\n`)],
    ])('has one fingerprint: %s', (_, plain, path, text) => {
      expect(prints(path, text)).toEqual(prints('srv/file', plain));
    });

    it('has one fingerprint: a password in a Secret', () => {
      const [encoded] = prints('a.yaml', `kind: Secret\ndata:\n  password: ${b64(pw2)}\n`);
      expect([encoded]).toEqual(prints('app/.env', `DB_PASSWORD=${pw2}\n`));
    });
  });
});
