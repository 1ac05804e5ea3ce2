import { distribution } from '../distribution/distribution.js';
import type { RegistryKind, Setup } from '../registry-kind.js';

const setup: Setup = {
  url: 'https://registry.gitlab.example.com',
  proof: '`Authorization` header, without a scheme',
  repetition: '`events[].id`',
  steps: [
    `In \`/etc/gitlab/gitlab.rb\`, then \`gitlab-ctl reconfigure\`:

\`\`\`ruby
registry['notifications'] = [
  {
    'name' => 'tidewaiter',
    'url' => 'https://tidewaiter.example.com/hooks/registry/main',
    'timeout' => '1s',
    'threshold' => 5,
    'backoff' => '10s',
    'headers' => { 'Authorization' => ['the-same-secret'] }
  }
]
\`\`\``,
  ],
  note: "The actor's token that GitLab puts into each event is neither stored nor logged. On GitLab's own hosted service the registry has no notifications: connect it as `generic` from a pipeline.",
};

/**
 * GitLab's container registry: Distribution's envelope, in which `actor.user` is a token and stays
 * where it is.
 * @see
 * https://docs.gitlab.com/administration/packages/container_registry/#configure-container-registry-notifications
 */
export const gitlab: RegistryKind = {
  kind: 'gitlab',
  aliases: [],
  title: 'GitLab Container Registry',
  setup,
  authenticate: distribution.authenticate,
  parse: distribution.parse,
};
