export { parseDuration } from './duration.js';
export type { EmailConfig } from './receivers/email.js';
export type { Integration } from './receivers/receiver.js';
export type { SlackConfig } from './receivers/slack.js';
export type { WebhookConfig } from './receivers/webhook.js';
export { groupKey, groupLabels, matchRoutes } from './route.js';
export { parseRouting } from './routing.js';
export type { RoutingConfig } from './routing.js';
