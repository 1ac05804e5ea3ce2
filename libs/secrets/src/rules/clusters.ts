import { captured, token } from '../secret-rule.js';
import type { SecretRule } from '../secret-rule.js';
import { fake } from './fake.js';

/** Tokens with which a machine joins a cluster, or a client manages it. */
export const clusterRules: readonly SecretRule[] = [
  // https://docs.docker.com/engine/swarm/join-nodes/
  token({
    id: 'swarm-join-token',
    title: 'Docker Swarm join token',
    severity: 'critical',
    keywords: ['swmtkn-1-'],
    expression: /SWMTKN-1-[a-z0-9]{50}-[a-z0-9]{25}/,
    matches: () => [`SWMTKN-1-${fake(50, 'lower')}-${fake(25, 'lower')}`],
  }),
  // https://docs.k3s.io/cli/token
  token({
    id: 'k3s-token',
    title: 'K3s or RKE2 token',
    severity: 'critical',
    keywords: ['k10'],
    expression: /K10[0-9a-f]{64}::[a-z0-9-]{3,40}:[A-Za-z0-9.]{16,64}/,
    matches: () => [`K10${fake(64, 'hex')}::server:${fake(32, 'hex')}`],
  }),
  token({
    id: 'rancher-api-token',
    title: 'Rancher API token',
    severity: 'critical',
    minEntropy: 4,
    keywords: ['token-'],
    expression: /token-[a-z0-9]{5}:[a-z0-9]{54}/,
    matches: () => [`token-${fake(5, 'lower')}:${fake(54, 'lower')}`],
  }),
  // https://kubernetes.io/docs/reference/access-authn-authz/bootstrap-tokens/
  captured({
    id: 'kubernetes-bootstrap-token',
    title: 'Kubernetes bootstrap token',
    rank: 3,
    minEntropy: 3,
    keywords: ['kubeadm join', 'bootstraptoken', 'tlsbootstraptoken', 'bootstrap-token-secret'],
    reach: 200,
    expression: /["'\s=:]([a-z0-9]{6}\.[a-z0-9]{16})(?:["'\s]|$)/,
    verify: (value) => (/[0-9].*[0-9]/.test(value) && !value.startsWith('abcdef.') ? 'likely' : undefined),
    matches: () => [`kubeadm join 10.0.0.1:6443 --token ${fake(6, 'lower')}.${fake(16, 'lower')}`],
    ignores: () => ['kubeadm join 10.0.0.1:6443 --token abcdef.0123456789abcdef'],
  }),
];
