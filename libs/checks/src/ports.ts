/**
 * Administration and remote control ports. @see
 * https://www.iana.org/assignments/service-names-port-numbers
 */
const adminPorts = new Map([
  [21, 'FTP'],
  [22, 'SSH'],
  [23, 'telnet'],
  [111, 'rpcbind'],
  [135, 'Windows RPC'],
  [139, 'NetBIOS'],
  [445, 'SMB'],
  [512, 'rexec'],
  [513, 'rlogin'],
  [514, 'rsh'],
  [873, 'rsync'],
  [2049, 'NFS'],
  [2375, 'Docker without TLS'],
  [2376, 'Docker'],
  [3389, 'RDP'],
  [5005, 'Java debugger'],
  [5800, 'VNC over HTTP'],
  [5900, 'VNC'],
  [5901, 'VNC'],
  [5985, 'WinRM'],
  [5986, 'WinRM'],
  [6000, 'X11'],
  [6443, 'Kubernetes API'],
  [9229, 'Node.js debugger'],
  [10250, 'kubelet'],
  [10255, 'kubelet without authentication'],
]);

/** Ports of data stores, many of which require no authentication by default. */
const dataPorts = new Map([
  [1433, 'SQL Server'],
  [1521, 'Oracle'],
  [2379, 'etcd'],
  [2380, 'etcd'],
  [3306, 'MySQL'],
  [5432, 'PostgreSQL'],
  [5984, 'CouchDB'],
  [6379, 'Redis'],
  [7000, 'Cassandra'],
  [8086, 'InfluxDB'],
  [9042, 'Cassandra'],
  [9200, 'Elasticsearch'],
  [9300, 'Elasticsearch'],
  [11211, 'memcached'],
  [27017, 'MongoDB'],
  [27018, 'MongoDB'],
]);

export interface PortUse {
  port: number;
  service: string;
}

/** Administration ports in a port specification: `22`, `22/tcp`, `20-25/tcp`. */
export function adminPortsOf(specification: string): PortUse[] {
  return portsOf(specification, adminPorts);
}

/** Data store ports in a port specification. */
export function dataPortsOf(specification: string): PortUse[] {
  return portsOf(specification, dataPorts);
}

function portsOf(specification: string, known: ReadonlyMap<number, string>): PortUse[] {
  const [, first = '', last = first] =
    /^\s{0,8}(\d{1,5})(?:-(\d{1,5}))?(?:\/[a-z]{2,8})?\s{0,8}$/i.exec(specification) ?? [];
  if (first === '') return [];
  return [...known]
    .filter(([port]) => port >= Number(first) && port <= Number(last))
    .map(([port, service]) => ({ port, service }));
}
