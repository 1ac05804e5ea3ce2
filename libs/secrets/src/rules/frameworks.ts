import { captured, listed } from '../secret-rule.js';
import type { SecretRule } from '../secret-rule.js';
import { fake, spelt } from './fake.js';

const salt = spelt('x#9w^s8x@q1z!m2v&n4b*c6', '(l0j_h-g5f+d3s,a7p=o=i|Zq');

/** Keys by which web frameworks sign sessions and encrypt stored data. */
export const frameworkRules: readonly SecretRule[] = [
  captured({
    id: 'laravel-app-key',
    title: 'Laravel application key',
    severity: 'critical',
    rank: 3,
    minEntropy: 3.5,
    keywords: ['base64:'],
    expression: /base64:([A-Za-z0-9+/]{43}=|[A-Za-z0-9+/]{22}==)(?:[^A-Za-z0-9+/=]|$)/,
    matches: () => [`APP_KEY=base64:${fake(43, 'base64')}=\n`, `'key' => 'base64:${fake(43, 'base64')}=',`],
    ignores: () => ['APP_KEY=base64:\n', `sha256-base64:${fake(40, 'base64')}`],
  }),
  listed({
    id: 'rails-master-key',
    title: 'Rails master key',
    severity: 'critical',
    rank: 3,
    files: ['config/master.key', 'config/credentials/*.key'],
    examplePath: 'app/config/master.key',
    minEntropy: 3,
    expression: /^([0-9a-f]{32})\s{0,4}$/,
    matches: () => [`${fake(32, 'hex')}\n`],
    ignores: () => [`${'0'.repeat(32)}\n`],
  }),
  listed({
    id: 'magento-crypt-key',
    title: 'Magento encryption key',
    severity: 'critical',
    minEntropy: 3,
    files: ['etc/env.php'],
    examplePath: 'app/etc/env.php',
    expression: /'crypt'\s{0,8}=>\s{0,8}(?:\[|array\()\s{0,40}'key'\s{0,8}=>\s{0,8}'([^'\n]{20,128})'/,
    matches: () => [`'crypt' => ['key' => '${fake(32, 'hex')}'],`],
    ignores: () => ["'crypt' => ['key' => ''],"],
  }),
  captured({
    id: 'wordpress-salt',
    title: 'WordPress key or salt',
    severity: 'medium',
    minEntropy: 4,
    paths: /\.php$/i,
    examplePath: 'var/www/wp-config.php',
    keywords: ['auth_key', 'auth_salt', 'logged_in_key', 'logged_in_salt', 'nonce_key', 'nonce_salt'],
    expression: /(?:AUTH|LOGGED_IN|NONCE)_(?:KEY|SALT)['"][ \t]{0,8},[ \t]{0,16}['"]([^'"\n]{32,128})['"]/,
    verify: (value) => (/[0-9]/.test(value) ? 'likely' : undefined),
    matches: () => [`define('AUTH_KEY',         '${salt}');`, `define( 'NONCE_SALT', '${salt}' );`],
    ignores: () => ["define( 'AUTH_KEY',         'put your unique phrase here' );"],
  }),
  captured({
    id: 'wordpress-database-password',
    title: 'WordPress database password',
    paths: /(?:^|\/)wp-config[\w.-]{0,40}$/i,
    examplePath: 'var/www/wp-config.php',
    keywords: ['db_password'],
    expression: /DB_PASSWORD['"][ \t]{0,8},[ \t]{0,8}['"]([^'"\n]{4,128})['"]/,
    matches: () => [`define( 'DB_PASSWORD', '${fake(14)}' );`],
    ignores: () => [
      "define( 'DB_PASSWORD', 'password_here' );",
      "define( 'DB_PASSWORD', getenv('WORDPRESS_DB_PASSWORD') );",
    ],
  }),
  captured({
    id: 'fernet-key',
    title: 'Fernet key',
    severity: 'critical',
    minEntropy: 3.5,
    keywords: ['fernet_key', 'fernet('],
    expression: /(?:FERNET_KEY|fernet_key|[Ff]ernet\()["']?[ \t]{0,8}[=:]?[ \t]{0,8}b?["']?([A-Za-z0-9_-]{43}=)/,
    matches: () => [`fernet_key = ${fake(43)}=`, `Fernet(b'${fake(43)}=')`],
    ignores: () => ['fernet_key = ', 'Fernet(key)'],
  }),
  captured({
    id: 'aspnet-machine-key',
    title: 'ASP.NET machine key',
    severity: 'critical',
    minEntropy: 3,
    keywords: ['validationkey=', 'decryptionkey='],
    expression: /(?:validation|decryption)Key="([0-9A-Fa-f]{32,128})(?:,IsolateApps)?"/,
    matches: () => [`<machineKey validationKey="${fake(128, 'hex')}" validation="SHA1" />`],
    ignores: () => ['<machineKey validationKey="AutoGenerate,IsolateApps" decryptionKey="AutoGenerate" />'],
  }),
  captured({
    id: 'aspnet-data-protection-key',
    title: 'ASP.NET data protection key',
    severity: 'critical',
    minEntropy: 4,
    keywords: ['<masterkey'],
    expression:
      /<masterKey[^>]{0,200}>\s{0,20}(?:<!--[^>]{0,200}-->\s{0,20})?<value>([A-Za-z0-9+/]{40,120}={0,2})<\/value>/,
    matches: () => [
      `<masterKey p4:requiresEncryption="true">\n <!-- Warning: the key below is in an unencrypted form. -->\n <value>${fake(86, 'base64')}==</value>`,
    ],
    ignores: () => ['<masterKey><value></value></masterKey>'],
  }),
  captured({
    id: 'framework-secret-key',
    title: 'Web framework secret key',
    // Django, Flask, Drupal, phpMyAdmin, MediaWiki, Joomla, Magento, Yii, CakePHP: keys with any
    // characters, in quotes.
    minEntropy: 3.5,
    keywords: ['secret_key', 'hash_salt', 'blowfish_secret', 'wgsecretkey', 'cookievalidationkey', 'secret_key_base'],
    expression:
      /(?:SECRET_KEY(?:_BASE)?|secret_key(?:_base)?|hash_salt|blowfish_secret|wgSecretKey|cookieValidationKey)['"]?\]?[ \t]{0,8}(?:=>?|:)[ \t]{0,8}[bru]?["']([^"'\n]{20,200})["']/,
    verify: (value) => (/[0-9]/.test(value) && !/\s|^(?:https?:|\/)|[()]\.|\.\w+\(/.test(value) ? 'likely' : undefined),
    matches: () => [
      spelt("SECRET_KEY = 'k#9w^s8x@q1z!m2v&n4b*c6", "(l0j_h-g5f+d3s!a7p%o=i'"),
      `$settings['hash_salt'] = '${fake(74)}';`,
      `SECRET_KEY = b'\\x9f\\x1c${fake(16)}'`,
    ],
    ignores: () => [
      "SECRET_KEY = os.environ['SECRET_KEY']",
      "SECRET_KEY = 'django_tests_secret_key'",
      "SECRET_KEY = 'change me to something long and random 1'",
    ],
  }),
];
