import type { FactField } from './fact-field.js';

export const containerFields: readonly FactField[] = [
  {
    name: 'Container.AgeSeconds',
    type: 'number',
    meaning: 'Seconds since the container started.',
    unknownWhen: 'its start is unknown',
    answer: ({ observation, context }) => {
      const startedAtMs = context.startedAtOf(observation);
      return startedAtMs === null ? null : Math.max(0, (observation.timeMs - startedAtMs) / 1000);
    },
  },
  {
    name: 'Container.Overrides',
    type: 'list',
    meaning:
      'Parts that its pod overrides: `command` for the entrypoint, `args` for the arguments. Empty: it starts as the image defines.',
    unknownWhen: 'no sensor reported its pod',
    answer: ({ observation, context }) => context.overridesOf(observation),
  },
  {
    name: 'Container.Privileged',
    type: 'boolean',
    meaning: 'Whether it is privileged.',
    unknownWhen: 'neither the sensor nor the ledger reports it',
    answer: ({ workload }) => workload?.privileged,
  },
  {
    name: 'Container.Exposed',
    type: 'boolean',
    meaning: 'Whether something outside the cluster can reach the workload.',
    unknownWhen: 'no sensor reported the services of its namespace',
    answer: ({ workload }) => workload?.exposed,
  },
  {
    name: 'Container.ServiceAccount',
    type: 'text',
    meaning: 'The service account of the pod.',
    unknownWhen: 'neither the sensor nor the ledger reports it',
    answer: ({ observation, workload }) => observation.pod?.serviceAccount ?? workload?.serviceAccount,
  },
];
