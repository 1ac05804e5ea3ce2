import type { ContainmentAction } from '@tidewaiter/domain';

import type { ActionDefinition } from '../action.js';
import { cordonNode } from './cordon-node.js';
import { deletePod } from './delete-pod.js';
import { isolate } from './isolate.js';
import { label } from './label.js';
import { revokeServiceAccountToken } from './revoke-service-account-token.js';
import { scaleToZero } from './scale-to-zero.js';

export const actions: Readonly<Record<ContainmentAction, ActionDefinition>> = {
  label,
  isolate,
  'scale-to-zero': scaleToZero,
  'delete-pod': deletePod,
  'cordon-node': cordonNode,
  'revoke-service-account-token': revokeServiceAccountToken,
};
