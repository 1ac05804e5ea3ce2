import { fieldsOf } from '../fields.js';

/** Fields of the audit log. */
export const auditFields = fieldsOf({
  actor: { type: 'text', description: 'User or service account' },
  action: { type: 'text', description: 'Action: incident.resolved' },
  subject: { type: 'text', description: 'Id or name of the object that changed' },
  address: { type: 'text', description: 'IP address of the client' },
  at: { type: 'time', description: 'Time of the action' },
});
