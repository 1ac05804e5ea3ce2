/** Names of one recognized program in the data of others. */
export interface ProgramIdentity {
  /** Name as the analyzer of programs gives it. */
  name: string;
  /** Other names in SBOMs, of purls of type `generic`. */
  aliases: readonly string[];
  /** `vendor:product` of its CPEs, as NVD spells them. Several, since vendors change. */
  cpes: readonly string[];
  /**
   * `vendor:product` in CVE records as their reporters write it, if that is no CPE: in lower case,
   * with underscores.
   */
  reportedAs?: readonly string[];
  /** Name in Bitnami's records. */
  bitnami?: string;
  /** Packages that its own project builds for distributions, by their names. */
  packages?: RegExp;
  /** Rewrites a version to the spelling that is compared; verbatim by default. */
  spelling?: (version: string) => string;
  /** Reason why no CPE is known, for maintainers of the row. */
  unlisted?: string;
}

type Row = readonly [
  name: string,
  cpes: readonly string[],
  more?: Partial<Omit<ProgramIdentity, 'name' | 'cpes'>> | undefined,
];

/** `8u312`, `1.8.0:update312` and Bitnami's `8.0.312` are Java's `1.8.0_312`; since 9 all agree. */
function javaSpelling(version: string): string {
  const [, major, update] =
    /^(?:1\.)?([5-8])(?:\.0)?(?:(?:[u_.]|:?update_?)(\d{1,4}))?(?:-b\d{1,4})?$/.exec(version) ?? [];
  if (major === undefined) return version;
  return `1.${major}.0${update === undefined ? '' : `_${update}`}`;
}

const noRecords = 'NVD has no record about it under a name of its own';

const rows: readonly Row[] = [
  ['alertmanager', ['prometheus:alertmanager'], { bitnami: 'alertmanager' }],
  [
    'argo-cd',
    ['argoproj:argo_cd', 'argoproj:argo-cd', 'linuxfoundation:argo_continuous_delivery', 'linuxfoundation:argo-cd'],
    { bitnami: 'argo-cd' },
  ],
  ['bash', ['gnu:bash']],
  ['bind', ['isc:bind'], { aliases: ['bind9', 'named'] }],
  ['buildkit', ['mobyproject:buildkit']],
  ['bun', ['oven:bun', 'oven-sh:bun']],
  ['busybox', ['busybox:busybox']],
  ['caddy', ['caddyserver:caddy'], { packages: /^caddy$/ }],
  ['chrome', ['google:chrome'], { packages: /^(google-chrome-(stable|beta|unstable)|chromium)$/ }],
  ['cilium', ['cilium:cilium'], { bitnami: 'cilium' }],
  ['cloudflared', ['cloudflare:cloudflared'], { packages: /^cloudflared$/ }],
  ['consul', ['hashicorp:consul'], { bitnami: 'consul', packages: /^consul$/ }],
  ['containerd', ['linuxfoundation:containerd'], { packages: /^containerd\.io$/ }],
  ['coredns', ['coredns.io:coredns', 'linuxfoundation:coredns']],
  ['crun', ['crun_project:crun']],
  ['curl', ['haxx:curl', 'haxx:libcurl'], { reportedAs: ['curl:curl'], aliases: ['libcurl'] }],
  ['dart', ['dart:dart_software_development_kit'], { packages: /^dart$/ }],
  ['deno', ['deno:deno']],
  ['dnsmasq', ['thekelleys:dnsmasq']],
  ['docker', ['docker:command_line_interface'], { bitnami: 'docker-cli', packages: /^docker-ce-cli$/ }],
  ['docker-compose', ['docker:compose'], { packages: /^docker-compose-plugin$/ }],
  ['docker-registry', ['docker:registry', 'distribution:distribution']],
  ['dropbear', ['dropbear_ssh_project:dropbear_ssh', 'dropbear_ssh:dropbear_ssh', 'matt_johnston:dropbear_ssh_server']],
  ['elixir', ['elixir-lang:elixir']],
  ['envoy', ['envoyproxy:envoy'], { bitnami: 'envoy', packages: /^envoy(-1\.\d+)?$/ }],
  ['erlang', ['erlang:erlang/otp', 'erlang:otp'], { aliases: ['otp'], packages: /^(esl-)?erlang(-base)?$/ }],
  ['etcd', ['etcd:etcd', 'redhat:etcd'], { bitnami: 'etcd' }],
  ['exim', ['exim:exim']],
  ['expat', ['libexpat_project:libexpat'], { aliases: ['libexpat'] }],
  ['ffmpeg', ['ffmpeg:ffmpeg']],
  ['fluent-bit', ['treasuredata:fluent_bit'], { bitnami: 'fluent-bit', packages: /^(td-agent-bit|fluent-bit)$/ }],
  ['gcc', ['gnu:gcc']],
  ['ghostscript', ['artifex:ghostscript', 'ghostscript:ghostscript']],
  ['git', ['git-scm:git', 'git:git', 'git_project:git'], { bitnami: 'git' }],
  ['gitea', ['gitea:gitea'], { bitnami: 'gitea' }],
  ['glibc', ['gnu:glibc'], { reportedAs: ['the_gnu_c_library:glibc'] }],
  ['gnupg', ['gnupg:gnupg'], { aliases: ['gpg'] }],
  ['grafana', ['grafana:grafana'], { bitnami: 'grafana', packages: /^grafana(-enterprise)?$/ }],
  ['haproxy', ['haproxy:haproxy'], { bitnami: 'haproxy', packages: /^haproxy(-lts)?$/ }],
  ['helm', ['helm:helm'], { bitnami: 'helm' }],
  [
    'httpd',
    ['apache:http_server'],
    {
      reportedAs: ['apache_software_foundation:apache_http_server'],
      bitnami: 'apache',
      aliases: ['apache', 'apache2'],
    },
  ],
  ['hugo', ['gohugo:hugo']],
  ['imagemagick', ['imagemagick:imagemagick']],
  ['influxdb', ['influxdata:influxdb'], { bitnami: 'influxdb', packages: /^influxdb[23]?(-core)?$/ }],
  ['ingress-nginx', ['kubernetes:ingress-nginx', 'kubernetes:nginx_ingress_controller']],
  ['jq', ['jqlang:jq', 'jq_project:jq', 'stedolan:jq']],
  ['julia', ['julialang:julia']],
  ['k3s', ['k3s:k3s', 'rancher:k3s']],
  ['keepalived', ['keepalived:keepalived']],
  [
    'kubernetes',
    ['kubernetes:kubernetes'],
    { packages: /^(kubectl|kubelet|kubeadm)$/, aliases: ['kubectl', 'kubelet'] },
  ],
  ['libgcrypt', ['gnupg:libgcrypt']],
  ['libjpeg-turbo', ['libjpeg-turbo:libjpeg-turbo', 'd.r.commander:libjpeg-turbo']],
  ['libpng', ['libpng:libpng']],
  ['libressl', ['openbsd:libressl']],
  ['libssh2', ['libssh2:libssh2']],
  ['libtiff', ['libtiff:libtiff']],
  ['libxml2', ['xmlsoft:libxml2']],
  ['lighttpd', ['lighttpd:lighttpd']],
  ['loki', ['grafana:loki'], { packages: /^loki$/ }],
  ['lua', ['lua:lua'], { bitnami: 'lua' }],
  ['luajit', ['luajit:luajit']],
  ['mariadb', ['mariadb:mariadb'], { bitnami: 'mariadb', packages: /^mariadb-server(-\d+\.\d+)?$/i }],
  ['memcached', ['memcached:memcached'], { bitnami: 'memcached' }],
  ['minio', ['minio:minio'], { bitnami: 'minio', packages: /^minio$/ }],
  ['moby', ['mobyproject:moby', 'docker:docker'], { packages: /^docker-ce$/, aliases: ['dockerd'] }],
  [
    'mongodb',
    ['mongodb:mongodb'],
    {
      reportedAs: ['mongodb_inc:mongodb_server', 'mongodb_inc.:mongodb_server'],
      bitnami: 'mongodb',
      packages: /^mongodb-(org|enterprise)-server$/,
      aliases: ['mongod'],
    },
  ],
  ['mosquitto', ['eclipse:mosquitto'], { packages: /^mosquitto$/ }],
  ['musl', ['musl-libc:musl']],
  [
    'mysql',
    ['oracle:mysql', 'oracle:mysql_server'],
    {
      reportedAs: ['oracle_corporation:mysql_server'],
      packages: /^mysql-(community|commercial)-server(-core)?$/,
    },
  ],
  ['nats-server', ['linuxfoundation:nats-server', 'nats:nats_server'], { bitnami: 'nats' }],
  ['nginx', ['f5:nginx', 'nginx:nginx', 'f5:nginx_open_source'], { bitnami: 'nginx', packages: /^nginx$/ }],
  [
    'node',
    ['nodejs:node.js', 'nodejs:nodejs'],
    {
      reportedAs: ['nodejs:node'],
      bitnami: 'node',
      packages: /^nodejs$/,
      aliases: ['nodejs', 'node.js'],
    },
  ],
  ['node_exporter', [], { unlisted: noRecords }],
  ['nomad', ['hashicorp:nomad'], { packages: /^nomad$/ }],
  [
    'openjdk',
    ['oracle:openjdk', 'oracle:jdk', 'oracle:jre'],
    {
      reportedAs: ['oracle_corporation:java_se_jdk_and_jre'],
      bitnami: 'java',
      spelling: javaSpelling,
      aliases: ['java', 'jdk', 'jre'],
      packages: /^(temurin|zulu|msopenjdk|bellsoft-java)-?\d+(-(jdk|jre))?$/,
    },
  ],
  ['openresty', ['openresty:openresty'], { bitnami: 'openresty', packages: /^openresty$/ }],
  ['openssh', ['openbsd:openssh']],
  ['openssl', ['openssl:openssl']],
  [
    'opentelemetry-collector',
    ['opentelemetry:opentelemetry_collector', 'linuxfoundation:opentelemetry_collector'],
    { bitnami: 'opentelemetry-collector' },
  ],
  ['packer', ['hashicorp:packer'], { packages: /^packer$/ }],
  ['perl', ['perl:perl']],
  ['php', ['php:php'], { reportedAs: ['php_group:php'], bitnami: 'php', aliases: ['php-cli', 'php-fpm', 'libphp'] }],
  ['podman', ['podman_project:podman', 'containers:podman']],
  [
    'postgresql',
    ['postgresql:postgresql'],
    {
      reportedAs: ['n/a:postgresql'],
      bitnami: 'postgresql',
      packages: /^(postgresql-\d+|postgresql\d+-server)$/,
      aliases: ['postgres'],
    },
  ],
  ['proftpd', ['proftpd:proftpd']],
  ['prometheus', ['prometheus:prometheus'], { bitnami: 'prometheus' }],
  [
    'python',
    ['python:python', 'python_software_foundation:python'],
    { reportedAs: ['python_software_foundation:cpython'], bitnami: 'python', aliases: ['cpython'] },
  ],
  ['r', ['r-project:r', 'r_project:r']],
  [
    'rabbitmq',
    ['vmware:rabbitmq', 'pivotal_software:rabbitmq', 'broadcom:rabbitmq_server', 'vmware:rabbitmq_server'],
    { bitnami: 'rabbitmq', packages: /^rabbitmq-server$/, aliases: ['rabbitmq-server'] },
  ],
  ['rclone', ['rclone:rclone'], { bitnami: 'rclone', packages: /^rclone$/ }],
  [
    'redis',
    ['redis:redis', 'redislabs:redis'],
    { bitnami: 'redis', packages: /^redis(-server)?$/, aliases: ['redis-server'] },
  ],
  ['restic', ['restic:restic']],
  ['ruby', ['ruby-lang:ruby'], { bitnami: 'ruby' }],
  ['runc', ['linuxfoundation:runc', 'opencontainers:runc']],
  ['rust', ['rust-lang:rust'], { aliases: ['rustc'] }],
  ['sqlite', ['sqlite:sqlite'], { bitnami: 'sqlite', aliases: ['sqlite3'] }],
  ['squid', ['squid-cache:squid']],
  ['tcl', ['tcl:tcl']],
  ['telegraf', ['influxdata:telegraf'], { packages: /^telegraf$/ }],
  ['terraform', ['hashicorp:terraform'], { packages: /^terraform$/ }],
  ['toolchain', ['golang:go'], { bitnami: 'golang', aliases: ['go', 'golang'] }],
  ['traefik', ['traefik:traefik', 'containous:traefik']],
  ['unbound', ['nlnetlabs:unbound']],
  [
    'valkey',
    ['lfprojects:valkey', 'linuxfoundation:valkey', 'valkey-io:valkey'],
    { bitnami: 'valkey', packages: /^valkey(-server)?$/ },
  ],
  [
    'varnish',
    [
      'varnish-software:varnish_cache',
      'varnish_cache_project:varnish_cache',
      'varnish-cache:varnish',
      'varnish.projects.linpro:varnish',
    ],
    { bitnami: 'varnish', packages: /^varnish$/ },
  ],
  ['vault', ['hashicorp:vault'], { bitnami: 'vault', packages: /^vault(-enterprise)?$/ }],
  ['velero', ['vmware:velero', 'velero:velero']],
  ['vsftpd', ['vsftpd_project:vsftpd', 'beasts:vsftpd']],
  ['xz', ['tukaani:xz'], { aliases: ['liblzma'] }],
  ['zlib', ['zlib:zlib', 'gnu:zlib']],
  ['zstd', ['facebook:zstandard'], { aliases: ['libzstd'] }],
];

/** Every recognized program; a test compares the list with the analyzers. */
export const programIdentities: readonly ProgramIdentity[] = rows.map(([name, cpes, more]) => ({
  name,
  aliases: [],
  cpes,
  ...more,
}));
