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

/**
 * Whether a third party built a package, by positive evidence only: fields that fpm and similar
 * tools write and Debian's own tools never do, an origin that is no distribution, or the address of
 * a vendor.
 */
export function isThirdParty(fields: ReadonlyMap<string, string>): boolean {
  if (fields.has('vendor') || fields.has('license')) return true;
  const origin = fields.get('origin');
  if (origin !== undefined) return !distribution.test(origin);
  const [, domain = ''] = /@([A-Za-z0-9.-]{1,253})>?$/.exec(fields.get('maintainer') ?? '') ?? [];
  const labels = domain.toLowerCase().split('.');
  return labels.some((_, at) => vendorDomains.has(labels.slice(at).join('.')));
}
