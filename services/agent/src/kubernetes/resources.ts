/** A resource of the API that the agent follows. */
export interface WatchedResource {
  /** As in RBAC: `pods`. */
  name: string;
  path: `/api${string}`;
  apiVersion: string;
  kind: string;
}

const of =
  (path: WatchedResource['path'], apiVersion: string) =>
  (name: string, kind: string): WatchedResource => ({ name, path: `${path}/${name}`, apiVersion, kind });
const core = of('/api/v1', 'v1');
const apps = of('/apis/apps/v1', 'apps/v1');
const batch = of('/apis/batch/v1', 'batch/v1');

/** Pods, what places and exposes them, and what makes them. No Secrets, no ConfigMaps. */
export const watchedResources: readonly WatchedResource[] = [
  core('namespaces', 'Namespace'),
  core('nodes', 'Node'),
  core('services', 'Service'),
  apps('deployments', 'Deployment'),
  apps('replicasets', 'ReplicaSet'),
  apps('statefulsets', 'StatefulSet'),
  apps('daemonsets', 'DaemonSet'),
  batch('jobs', 'Job'),
  batch('cronjobs', 'CronJob'),
  core('pods', 'Pod'),
];
