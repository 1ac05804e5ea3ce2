import { receiver } from '../receiver.js';
import { readJira, readJiraDefaults } from './config.js';

/** Issues of a Jira project, one for each subject. */
export const jira = receiver({
  kind: 'jira',
  defaults: readJiraDefaults,
  read: readJira,
  isForPrograms: true,
  sender: async () => (await import('./send.js')).jiraSender,
});
