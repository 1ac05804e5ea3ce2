import { shown } from '../check.js';
import { adminPortsOf, dataPortsOf } from '../ports.js';
import { at, entriesAt, itemsAt, textAt, textsAt } from './fields.js';
import { seenIn, type KubernetesCheck, type Resource } from './resource.js';

const service = (spec: string, annotations = '') =>
  `apiVersion: v1\nkind: Service\nmetadata: { name: web, namespace: shop, annotations: { ${annotations} } }\nspec: { ${spec} }\n`;
const ingress = (spec: string, annotations = '') =>
  `apiVersion: networking.k8s.io/v1\nkind: Ingress\nmetadata: { name: web, namespace: shop, annotations: { ${annotations} } }\nspec: { ${spec} }\n`;

const typeOf = (resource: Resource) =>
  resource.kind === 'Service' ? (textAt(resource.node, 'spec', 'type') ?? 'ClusterIP') : '';

/** Annotations by which the large clouds make a load balancer internal. */
function isInternal(resource: Resource): boolean {
  return entriesAt(resource.node, 'metadata', 'annotations').some(([key, node]) => {
    const value = textAt(node) ?? '';
    return /load-?balancer/i.test(key) && (/^internal$/i.test(value) || (/internal/i.test(key) && value !== 'false'));
  });
}

const loadBalancer: KubernetesCheck = {
  id: 'k8s-load-balancer',
  title: 'Load balancer without source ranges',
  severity: 'low',
  reason: 'A load balancer is public by default and bypasses the ingress with its TLS and rules.',
  fix: 'Use an Ingress or Gateway, set loadBalancerSourceRanges, or make it internal.',
  reference: 'https://kubernetes.io/docs/concepts/services-networking/service/#loadbalancer',
  *find(resource) {
    if (typeOf(resource) !== 'LoadBalancer' || isInternal(resource)) return;
    const ranges = textsAt(resource.node, 'spec', 'loadBalancerSourceRanges');
    if (ranges.length > 0 && !ranges.some(isEverywhere)) return;
    yield seenIn(
      resource,
      'spec.type',
      `${resource.label} is a load balancer without source ranges`,
      at(resource.node, 'spec', 'type'),
    );
  },
  passes: [
    service('type: ClusterIP'),
    service('type: LoadBalancer, loadBalancerSourceRanges: [10.0.0.0/8]'),
    service('type: LoadBalancer', 'service.beta.kubernetes.io/aws-load-balancer-internal: "true"'),
    service('type: LoadBalancer', 'networking.gke.io/load-balancer-type: Internal'),
    'apiVersion: serving.knative.dev/v1\nkind: Service\nmetadata: { name: a }\nspec: { type: LoadBalancer }',
  ],
  fails: [service('type: LoadBalancer'), service('type: LoadBalancer, loadBalancerSourceRanges: [0.0.0.0/0]')],
};

function isEverywhere(range: string): boolean {
  return /^(?:0\.0\.0\.0\/0|::\/0)$/.test(range.trim());
}

const nodePort: KubernetesCheck = {
  id: 'k8s-node-port',
  title: 'NodePort service',
  severity: 'low',
  reason: 'The service is reachable on every node, bypassing the ingress with its TLS and rules.',
  fix: 'Use ClusterIP with an Ingress or Gateway.',
  reference: 'https://kubernetes.io/docs/concepts/services-networking/service/#type-nodeport',
  *find(resource) {
    if (typeOf(resource) === 'NodePort')
      yield seenIn(resource, 'spec.type', `${resource.label} is open on every node`, at(resource.node, 'spec', 'type'));
  },
  passes: [service('type: ClusterIP'), service('ports: [{ port: 80 }]')],
  fails: [service('type: NodePort, ports: [{ port: 80, nodePort: 30080 }]')],
};

const externalIps: KubernetesCheck = {
  id: 'k8s-external-ips',
  title: 'Service with externalIPs (CVE-2020-8554)',
  severity: 'high',
  reason: 'Cluster traffic to these addresses is redirected to the service, even if it does not own them.',
  fix: 'Remove externalIPs.',
  reference: 'https://github.com/kubernetes/kubernetes/issues/97076',
  *find(resource) {
    if (resource.kind !== 'Service') return;
    for (const node of itemsAt(resource.node, 'spec', 'externalIPs')) {
      yield seenIn(
        resource,
        'spec.externalIPs',
        `${resource.label} claims the address ${shown(textAt(node) ?? '?', 60)}`,
        node,
        shown(textAt(node) ?? '', 60),
      );
    }
  },
  passes: [service('externalIPs: []'), service('type: ClusterIP')],
  fails: [service('externalIPs: [203.0.113.7]')],
};

const exposedPort: KubernetesCheck = {
  id: 'k8s-exposed-admin-port',
  title: 'Administration or database port exposed outside cluster',
  severity: 'high',
  reason: 'These ports are scanned constantly and compromised within hours.',
  fix: 'Use ClusterIP with kubectl port-forward or a VPN.',
  reference: 'https://attack.mitre.org/techniques/T1133/',
  *find(resource) {
    const isOpen = typeOf(resource) === 'NodePort' || (typeOf(resource) === 'LoadBalancer' && !isInternal(resource));
    for (const port of isOpen ? itemsAt(resource.node, 'spec', 'ports') : []) {
      const numbers = new Set([textAt(port, 'port') ?? '', textAt(port, 'targetPort') ?? '']);
      for (const use of [...numbers].flatMap((text) => [...adminPortsOf(text), ...dataPortsOf(text)])) {
        yield seenIn(
          resource,
          'spec.ports',
          `${resource.label} exposes port ${use.port} (${use.service}) outside the cluster`,
          port,
          String(use.port),
        );
      }
    }
  },
  passes: [
    service('type: ClusterIP, ports: [{ port: 6379 }]'),
    service('type: LoadBalancer, ports: [{ port: 443, targetPort: https }]'),
  ],
  fails: [
    service('type: LoadBalancer, ports: [{ port: 22 }]'),
    service('type: NodePort, ports: [{ port: 80, targetPort: 6379 }]'),
  ],
};

const ingressWithoutTls: KubernetesCheck = {
  id: 'k8s-ingress-without-tls',
  title: 'Ingress without TLS',
  severity: 'medium',
  reason: 'Credentials and data can be read and changed in transit.',
  fix: 'Add spec.tls with a certificate, for example by cert-manager.',
  reference: 'https://kubernetes.io/docs/concepts/services-networking/ingress/#tls',
  *find(resource) {
    if (resource.kind === 'Ingress' && itemsAt(resource.node, 'spec', 'tls').length === 0)
      yield seenIn(resource, 'spec.tls', `${resource.label} has no TLS`, at(resource.node, 'spec'));
  },
  passes: [ingress('tls: [{ secretName: web }], rules: [{ host: a.example.com }]')],
  fails: [ingress('rules: [{ host: a.example.com }]'), ingress('tls: []')],
};

const ingressForAnyHost: KubernetesCheck = {
  id: 'k8s-ingress-any-host',
  title: 'Ingress without host',
  severity: 'low',
  reason: 'It receives requests for other hosts, and a forged Host header reaches the program.',
  fix: 'List the hosts.',
  reference: 'https://kubernetes.io/docs/concepts/services-networking/ingress/#ingress-rules',
  *find(resource) {
    if (resource.kind !== 'Ingress') return;
    for (const rule of itemsAt(resource.node, 'spec', 'rules')) {
      const host = textAt(rule, 'host') ?? '';
      if (host === '' || host === '*')
        yield seenIn(resource, 'spec.rules', `${resource.label} answers for any host`, rule);
    }
  },
  passes: [ingress('rules: [{ host: a.example.com }, { host: "*.example.com" }]')],
  fails: [ingress('rules: [{ http: { paths: [] } }]'), ingress('rules: [{ host: "*" }]')],
};

const ingressSnippet: KubernetesCheck = {
  id: 'k8s-ingress-snippet',
  title: 'Ingress configuration snippet (CVE-2021-25742)',
  severity: 'high',
  reason: 'Its author can read the secrets of the controller, which has access to all namespaces.',
  fix: 'Remove the annotation and disable snippets in the controller.',
  reference: 'https://github.com/kubernetes/ingress-nginx/issues/7837',
  *find(resource) {
    if (resource.kind !== 'Ingress') return;
    for (const [key, node] of entriesAt(resource.node, 'metadata', 'annotations')) {
      if (/^nginx\.(?:ingress\.kubernetes\.io|org)\/[a-z-]{0,40}snippets?$/.test(key))
        yield seenIn(
          resource,
          'metadata.annotations',
          `${resource.label} has the annotation ${shown(key, 100)}`,
          node,
          key,
        );
    }
  },
  passes: [ingress('tls: []', 'nginx.ingress.kubernetes.io/rewrite-target: /')],
  fails: [
    ingress('tls: []', 'nginx.ingress.kubernetes.io/configuration-snippet: "x;"'),
    ingress('tls: []', 'nginx.org/server-snippets: "x;"'),
  ],
};

const openPolicy: KubernetesCheck = {
  id: 'k8s-open-network-policy',
  title: 'Network policy allows all ingress',
  severity: 'medium',
  reason: 'Policies are additive: this one cancels the others of the namespace.',
  fix: 'Restrict ingress with from: podSelector or namespaceSelector.',
  reference: 'https://kubernetes.io/docs/concepts/services-networking/network-policies/#allow-all-ingress-traffic',
  *find(resource) {
    if (resource.kind !== 'NetworkPolicy' || entriesAt(resource.node, 'spec', 'podSelector').length > 0) return;
    for (const rule of itemsAt(resource.node, 'spec', 'ingress')) {
      if (itemsAt(rule, 'from').length === 0 && itemsAt(rule, 'ports').length === 0)
        yield seenIn(resource, 'spec.ingress', `${resource.label} allows all ingress`, rule);
    }
  },
  passes: [
    'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: deny }\nspec: { podSelector: {}, policyTypes: [Ingress] }',
    'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: web }\nspec: { podSelector: {}, ingress: [{ from: [{ podSelector: {} }] }] }',
  ],
  fails: [
    'apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: { name: all }\nspec: { podSelector: {}, ingress: [{}] }',
  ],
};

export const networkChecks: readonly KubernetesCheck[] = [
  exposedPort,
  externalIps,
  ingressForAnyHost,
  ingressSnippet,
  ingressWithoutTls,
  loadBalancer,
  nodePort,
  openPolicy,
];
