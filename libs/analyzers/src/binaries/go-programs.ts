/** Program written in Go, which contains its module path. */
export interface GoProgram {
  /** Name in CPEs and other scanners. */
  name: string;
  /** Names of its files. */
  files: readonly string[];
  /** Path of its main module, which a folder or the major version may follow. */
  module: string;
  /** Place of the version in releases, for maintainers of the row. */
  note: string;
}

const linked = 'built from a checkout: a variable that the linker sets';
const installed = 'built as a module of a version, or since Go 1.24 from a tag';

/** The program's own name is the first of its files. */
type Row = readonly [name: string, module: string, note: string, otherFiles?: readonly string[]];

const rows: readonly Row[] = [
  ['alertmanager', 'github.com/prometheus/alertmanager', linked],
  ['argo-cd', 'github.com/argoproj/argo-cd', linked, ['argocd', 'argocd-server']],
  ['buildkit', 'github.com/moby/buildkit', linked, ['buildkitd', 'buildctl']],
  ['caddy', 'github.com/caddyserver/caddy', installed],
  ['cilium', 'github.com/cilium/cilium', linked, ['cilium-agent', 'cilium-operator']],
  ['cloudflared', 'github.com/cloudflare/cloudflared', linked],
  ['consul', 'github.com/hashicorp/consul', linked],
  ['containerd', 'github.com/containerd/containerd', linked, ['containerd-shim-runc-v', 'ctr']],
  ['coredns', 'github.com/coredns/coredns', linked],
  ['docker', 'github.com/docker/cli', linked],
  ['moby', 'github.com/docker/docker', linked, ['dockerd', 'docker-proxy']],
  ['docker-compose', 'github.com/docker/compose', linked],
  ['docker-registry', 'github.com/distribution/distribution', linked, ['registry']],
  ['etcd', 'go.etcd.io/etcd', `${linked}; the modules of its programs lie below`, ['etcdctl']],
  ['gitea', 'code.gitea.io/gitea', linked],
  ['grafana', 'github.com/grafana/grafana', linked, ['grafana-server', 'grafana-cli']],
  ['helm', 'helm.sh/helm', linked],
  ['hugo', 'github.com/gohugoio/hugo', installed],
  ['influxdb', 'github.com/influxdata/influxdb', linked, ['influxd']],
  ['ingress-nginx', 'k8s.io/ingress-nginx', linked, ['nginx-ingress-controller']],
  ['k3s', 'github.com/k3s-io/k3s', linked],
  ['kubernetes', 'k8s.io/kubernetes', linked, ['kubectl', 'kubelet', 'kube-apiserver', 'kube-proxy', 'kubeadm']],
  ['loki', 'github.com/grafana/loki', linked],
  ['nats-server', 'github.com/nats-io/nats-server', installed],
  ['node_exporter', 'github.com/prometheus/node_exporter', linked],
  ['nomad', 'github.com/hashicorp/nomad', linked],
  ['opentelemetry-collector', 'go.opentelemetry.io/collector', installed, ['otelcol', 'otelcol-contrib']],
  ['packer', 'github.com/hashicorp/packer', linked],
  ['podman', 'github.com/containers/podman', linked],
  ['prometheus', 'github.com/prometheus/prometheus', linked, ['promtool']],
  ['rclone', 'github.com/rclone/rclone', linked],
  ['restic', 'github.com/restic/restic', installed],
  ['runc', 'github.com/opencontainers/runc', linked],
  ['telegraf', 'github.com/influxdata/telegraf', linked],
  ['terraform', 'github.com/hashicorp/terraform', installed],
  ['traefik', 'github.com/traefik/traefik', linked],
  ['vault', 'github.com/hashicorp/vault', linked],
  ['velero', 'github.com/vmware-tanzu/velero', linked],
];

/**
 * Programs written in Go, by name. `go-binary` also finds them, under the names of their modules.
 */
export const goPrograms: readonly GoProgram[] = rows.map(([name, module, note, otherFiles = []]) => ({
  name,
  module,
  note,
  files: [name, ...otherFiles],
}));
