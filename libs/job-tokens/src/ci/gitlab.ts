import { field, readText } from '@tidewaiter/webhooks';

import type { CiKind } from './ci-kind.js';

/** @see https://docs.gitlab.com/ci/secrets/id_token_authentication/ */
export const gitlab: CiKind = {
  ci: 'gitlab',
  outsiders: { claim: 'pipeline_source', values: ['merge_request_event', 'external_pull_request_event'] },
  run(claims, issuer) {
    const text = (name: string) => readText(field(claims, name));
    const [project, id] = [text('project_path'), text('pipeline_id')];
    const source = project && `${issuer.replace(/\/$/, '')}/${project}`;
    return {
      url: source && id && `${source}/-/pipelines/${id}`,
      id,
      workflow: text('ci_config_ref_uri'),
      actor: text('user_login'),
      source,
      revision: text('sha'),
      ref: text('ref_path') ?? text('ref'),
    };
  },
};
