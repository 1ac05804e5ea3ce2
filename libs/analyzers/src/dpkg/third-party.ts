/** Fields of a status file that identify the builder of a package. */
export const provenanceFields = ['maintainer', 'origin', 'vendor', 'license'] as const;

/** Origins of Debian's derivatives. */
const distribution =
  /^(astra|debian|deepin|devuan|elementary|kali|linux ?mint|mobian|parrot|pop|proxmox|pureos|raspberry|raspbian|siduction|tails|ubuntu|univention|zorin)/i;

/**
 * Mail domains of vendors with packages of their own in Debian's format. It lists the vendors, not
 * Debian's maintainers, of whom hundreds write from private addresses. A missing domain hides
 * findings in its packages; a wrong one reports them twice.
 */
const vendorDomains = new Set([
  'adoptium.net',
  'amazon.com',
  'anydesk.com',
  'azul.com',
  'bell-sw.com',
  'caddyserver.com',
  'chef.io',
  'chromium.org',
  'circleci.com',
  'clickhouse.com',
  'cloudflare.com',
  'cockroachlabs.com',
  'confluent.io',
  'couchbase.com',
  'crowdstrike.com',
  'datadoghq.com',
  'docker.com',
  'dynatrace.com',
  'eclipse.org',
  'elastic.co',
  'envoyproxy.io',
  'f5.com',
  'falco.org',
  'fluentbit.io',
  'fluentd.org',
  'github.com',
  'gitlab.com',
  'google.com',
  'grafana.com',
  'haproxy.com',
  'hashicorp.com',
  'influxdata.com',
  'influxdb.com',
  'isovalent.com',
  'jenkins-ci.org',
  'konghq.com',
  'kubernetes.io',
  'launchdarkly.com',
  'mariadb.org',
  'microsoft.com',
  'mongodb.com',
  'neo4j.com',
  'netdata.cloud',
  'newrelic.com',
  'nginx.com',
  'nodesource.com',
  'nvidia.com',
  'openresty.com',
  'opensearch.org',
  'oracle.com',
  'percona.com',
  'pulumi.com',
  'puppet.com',
  'rabbitmq.com',
  'redis.com',
  'redis.io',
  'sentry.io',
  'slack-corp.com',
  'splunk.com',
  'sysdig.com',
  'tailscale.com',
  'teleport.com',
  'goteleport.com',
  'timescale.com',
  'varnish-software.com',
  'vector.dev',
  'wazuh.com',
  'yarnpkg.com',
  'zabbix.com',
]);

const codenames =
  'squeeze|wheezy|jessie|stretch|buster|bullseye|bookworm|trixie|forky|' +
  'precise|trusty|xenial|bionic|cosmic|disco|eoan|focal|groovy|hirsute|impish|jammy|kinetic|lunar|mantic|noble|oracular|plucky|questing|resolute';

/**
 * Endings of versions by which repositories for several releases distinguish their builds:
 * `16.1-1.pgdg120+1`, `18.19.0-1nodesource1`, `1.25.3-1~bookworm`, `7.2.4-1rl1~jammy1`. A
 * distribution itself uses its number (`+deb12u1`, `~22.04`), or nothing.
 */
const repositoryBuild = new RegExp(`\\.pgdg\\d|\\dnodesource\\d|[~.+](?:${codenames})\\d{0,4}$`);

/**
 * Whether a third party built a package, by positive evidence only: fields that fpm and similar
 * tools write and Debian's own tools never do, an origin that is no distribution, the address of a
 * vendor, or a version as repositories of vendors have.
 */
export function isThirdParty(fields: ReadonlyMap<string, string>): boolean {
  if (fields.has('vendor') || fields.has('license')) return true;
  const origin = fields.get('origin');
  if (origin !== undefined) return !distribution.test(origin);
  const [, domain = ''] = /@([A-Za-z0-9.-]{1,253})>?$/.exec(fields.get('maintainer') ?? '') ?? [];
  const labels = domain.toLowerCase().split('.');
  const isOfVendor = labels.some((_, at) => vendorDomains.has(labels.slice(at).join('.')));
  return isOfVendor || repositoryBuild.test(fields.get('version') ?? '');
}
