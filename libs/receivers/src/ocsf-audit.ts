import type { Alert } from '@tidewaiter/domain';

import type { OcsfEvent } from './ocsf-event.js';

interface EventClass {
  category: readonly [uid: number, name: string];
  uid: number;
  name: string;
  /** Activity by the last word of the action. */
  activities: Readonly<Record<string, readonly [id: number, name: string]>>;
}

const identity = [3, 'Identity & Access Management'] as const;
const service = { name: 'Tidewaiter' };

/** @see https://schema.ocsf.io/1.6.0/classes/authentication */
const authentication: EventClass = {
  ...{ category: identity, uid: 3002, name: 'Authentication' },
  activities: {
    succeeded: [1, 'Logon'],
    failed: [1, 'Logon'],
    approved: [1, 'Logon'],
    refused: [1, 'Logon'],
    issued: [3, 'Authentication Ticket'],
    'signed-out': [2, 'Logoff'],
    ended: [2, 'Logoff'],
  },
};
/** @see https://schema.ocsf.io/1.6.0/classes/account_change */
const accountChange: EventClass = {
  ...{ category: identity, uid: 3001, name: 'Account Change' },
  activities: { created: [1, 'Create'], redeemed: [1, 'Create'], deleted: [6, 'Delete'], revoked: [6, 'Delete'] },
};
/** @see https://schema.ocsf.io/1.6.0/classes/api_activity */
const apiActivity: EventClass = {
  ...{ category: [6, 'Application Activity'], uid: 6003, name: 'API Activity' },
  activities: { created: [1, 'Create'], changed: [3, 'Update'], undone: [3, 'Update'], deleted: [4, 'Delete'] },
};

/** Classes by the first word of the action; every other one is an activity of the API. */
const classes: Readonly<Record<string, EventClass>> = {
  ...{ 'sign-in': authentication, session: authentication, 'device-login': authentication },
  ...{ 'ci-token': authentication, user: accountChange, 'service-account': accountChange, token: accountChange },
  'setup-link': accountChange,
};

/** An entry of the audit log, which the alert carries, as an event. */
export function auditEvent({ labels, annotations, startsAt }: Alert, metadata: OcsfEvent['metadata']): OcsfEvent {
  const { action = '', actor = '', subject = '', address = '', number = '' } = labels;
  const [object = '', verb = ''] = action.split('.');
  const kind = classes[object] ?? apiActivity;
  const [activity, activityName] = kind.activities[verb] ?? [99, 'Other'];
  const isFailure = verb === 'failed' || (verb === 'refused' && kind === authentication);
  const [categoryUid, categoryName] = kind.category;
  const user = { name: actor };
  return {
    ...{ activity_id: activity, activity_name: activity === 99 ? verb : activityName },
    ...{ category_uid: categoryUid, category_name: categoryName, class_uid: kind.uid, class_name: kind.name },
    type_uid: kind.uid * 100 + activity,
    time: Date.parse(startsAt),
    // Informational, and low for a refused sign-in.
    ...(isFailure ? { severity_id: 2, severity: 'Low' } : { severity_id: 1, severity: 'Informational' }),
    ...(isFailure ? { status_id: 2, status: 'Failure' } : { status_id: 1, status: 'Success' }),
    message: annotations['summary'] ?? action,
    metadata,
    actor: { user },
    src_endpoint: address === '' ? { name: actor } : { ip: address },
    ...(kind === authentication && { user, service }),
    ...(kind === accountChange && { user: { name: subject }, service }),
    ...(kind === apiActivity && { api: { operation: action, service }, resources: [{ name: subject, type: object }] }),
    unmapped: { number, action, subject, details: detailsOf(annotations['details']) },
  };
}

function detailsOf(text: string | undefined): unknown {
  return text === undefined ? {} : (JSON.parse(text) as unknown);
}
