export { agentSources, isAgentSource } from './sources.js';
export type { AgentSource } from './sources.js';
export { agentStatus, credentialAnswer, joinRequest } from './messages.js';
export type { AgentStatus, CredentialAnswer, JoinRequest } from './messages.js';
export { isClusterName } from './cluster-name.js';
