export { agentSources, isAgentSource } from './sources.js';
export type { AgentSource } from './sources.js';
export { agentStatus, credentialAnswer, joinRequest, orderReport, ordersAnswer } from './messages.js';
export type { AgentStatus, CredentialAnswer, JoinRequest, OrderReport } from './messages.js';
export { isClusterName } from './cluster-name.js';
export { maxReportedFindings, clusterImage, workloadsAnswer } from './workload-reports.js';
export type { ClusterImage, ClusterWorkload, WorkloadsAnswer } from './workload-reports.js';
