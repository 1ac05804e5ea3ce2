import { fieldsOf } from '../fields.js';

/** Fields of messages to receivers. */
export const deliveryFields = fieldsOf({
  state: {
    type: 'choice',
    values: ['held', 'pending', 'sending', 'retrying', 'sent', 'superseded', 'merged', 'suppressed', 'failed'],
    description: 'State',
  },
  fallback: { type: 'flag', description: 'It failed, and was sent to the fallback receiver instead' },
  origin: {
    type: 'choice',
    values: ['fallback', 'repetition'],
    description: 'Why it was derived from another delivery',
  },
  receiver: { type: 'text', description: 'Receiver' },
  channel: { type: 'text', description: 'Kind of the channel: slack' },
  route: { type: 'text', description: 'Route' },
  group: { type: 'text', description: 'Key of the group' },
  incident: { type: 'text', description: 'Id of the incident that it is about' },
  push: { type: 'match', description: 'Id of the push that it is about' },
  code: { type: 'text', description: 'Code of the last error: CHANNEL_UNAVAILABLE' },
  attempts: { type: 'number', description: 'Number of attempts' },
  alerts: { type: 'number', description: 'Number of alerts' },
  created: { type: 'time', description: 'Time at which it was made' },
  finished: { type: 'time', description: 'Time at which it was sent, or failed' },
});

/** Fields of silences. */
export const silenceFields = fieldsOf({
  ended: { type: 'flag', description: 'It has ended; listed only if named' },
  active: { type: 'flag', description: 'It holds now' },
  by: { type: 'text', description: 'User who made it' },
  comment: { type: 'text', description: 'Comment' },
  matcher: { type: 'text', description: 'One of its matchers: *repository*' },
  starts: { type: 'time', description: 'Start' },
  ends: { type: 'time', description: 'End' },
  created: { type: 'time', description: 'Time at which it was made' },
});

/** Fields of failed jobs and events. */
export const deadLetterFields = fieldsOf({
  redriven: { type: 'flag', description: 'It was tried again; listed only if named' },
  stage: { type: 'choice', values: ['event', 'job'], description: 'What failed' },
  worker: { type: 'text', description: 'Consumer or queue whose retries ended' },
  subject: { type: 'text', description: 'Id, digest or repository that it is about' },
  code: { type: 'text', description: 'Code of the error: REGISTRY_UNAVAILABLE' },
  attempts: { type: 'number', description: 'Number of attempts' },
  created: { type: 'time', description: 'Time at which it failed' },
});
