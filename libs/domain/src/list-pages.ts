/** Page of the console that shows a list. */
interface ConsolePage {
  path: string;
  /** Parameters with which it shows all rows of a query. */
  search?: Readonly<Record<string, string>>;
}

/** Pages of the lists that have one. */
export const listPages: Readonly<Partial<Record<string, ConsolePage>>> = {
  // The state is in the query of a view; without it the page would add its own.
  incidents: { path: '/incidents', search: { state: 'all' } },
  pushes: { path: '/images' },
  repositories: { path: '/images', search: { tab: 'repositories' } },
  vulnerabilities: { path: '/vulnerabilities' },
  fixes: { path: '/vulnerabilities', search: { tab: 'fixes' } },
  workloads: { path: '/workloads' },
  exceptions: { path: '/policies/exceptions' },
  policies: { path: '/policies/gates' },
  signers: { path: '/policies/signers' },
  registries: { path: '/system/registries' },
  reports: { path: '/policies/reports' },
  sensors: { path: '/system/sensors' },
  silences: { path: '/policies/silences' },
  rules: { path: '/policies/rules' },
  deliveries: { path: '/system/deliveries' },
  'dead-letters': { path: '/system/dead-letters' },
  alerts: { path: '/incidents/alerts' },
};
