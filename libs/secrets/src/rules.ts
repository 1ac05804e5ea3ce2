import { aiRules } from './rules/ai.js';
import { clientRules } from './rules/clients.js';
import { cloudRules } from './rules/cloud.js';
import { clusterRules } from './rules/clusters.js';
import { commandRules } from './rules/commands.js';
import { encodedRules } from './rules/encoded.js';
import { fileRules } from './rules/files.js';
import { frameworkRules } from './rules/frameworks.js';
import { genericRules } from './rules/generic.js';
import { keyRules } from './rules/keys.js';
import { messagingRules } from './rules/messaging.js';
import { monitoringRules } from './rules/monitoring.js';
import { paymentRules } from './rules/payments.js';
import { prefixedRules } from './rules/prefixed.js';
import { registryRules } from './rules/registries.js';
import { serviceRules } from './rules/services.js';
import { sourceControlRules } from './rules/source-control.js';
import { systemRules } from './rules/system.js';
import { walletRules } from './rules/wallets.js';
import type { SecretRule } from './secret-rule.js';

/** All kinds of secrets. */
export const secretRules: readonly SecretRule[] = [
  ...cloudRules,
  ...sourceControlRules,
  ...registryRules,
  ...messagingRules,
  ...paymentRules,
  ...aiRules,
  ...serviceRules,
  ...monitoringRules,
  ...prefixedRules,
  ...keyRules,
  ...walletRules,
  ...fileRules,
  ...clientRules,
  ...systemRules,
  ...clusterRules,
  ...frameworkRules,
  ...commandRules,
  ...genericRules,
  ...encodedRules,
];
