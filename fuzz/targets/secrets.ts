import { findSecrets } from '@tidewaiter/secrets';

import type { Target } from '../target.ts';

const key = Buffer.alloc(32, 1);
const paths = [
  'app/.env',
  'root/.docker/config.json',
  'app/config.yaml',
  'root/.ssh/id_rsa',
  'usr/share/x.js',
  'app/secret.yaml',
  'app/terraform.tfstate',
  'root/.circleci/cli.yml',
  'root/.bash_history',
  'opt/a.jks',
];

export const secrets: Target = {
  name: 'secrets',
  run: (content) => paths.map((path) => findSecrets({ path, content }, key)),
};
