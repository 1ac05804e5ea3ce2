/** What runs a container: what a person would name. */
export interface WorkloadRef {
  cluster: string | null;
  namespace: string;
  /** `Deployment`, `DaemonSet`, `CronJob`, `Pod` … */
  kind: string;
  name: string;
}
