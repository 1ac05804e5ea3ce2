export { agentSources, isAgentSource } from './sources.js';
export type { AgentSource } from './sources.js';
export { agentStatus, credentialAnswer, joinRequest, orderReport, ordersAnswer } from './messages.js';
export type { AgentStatus, CredentialAnswer, JoinRequest, OrderReport } from './messages.js';
export { isClusterName } from './cluster-name.js';
