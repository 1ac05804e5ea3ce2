/** Query of the workloads in a namespace or a cluster; one without a name cannot be asked for. */
export function placeQuery(cluster: string, namespace?: string): string {
  const terms = [['cluster', cluster] as const, ['namespace', namespace ?? ''] as const];
  return terms
    .filter(([, value]) => value !== '')
    .map(
      ([field, value]) =>
        `${field}=${/[\s(),"\\*]/.test(value) ? `"${value.replaceAll(/["\\]/g, String.raw`\$&`)}"` : value}`,
    )
    .join(' ');
}
