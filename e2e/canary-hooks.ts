import { createHash } from 'node:crypto';

/** Webhook of a registry, with a text in each member for display. */
export interface PlantedHook {
  kind: string;
  headers: Record<string, string>;
  body: object;
}

interface HookShape {
  headers?: (text: string) => Record<string, string>;
  body: (text: string, tag: string, digest: string) => object;
}

const digestOf = (tag: string) => `sha256:${createHash('sha256').update(tag).digest('hex')}`;
const urlOf = (text: string) =>
  `https://ci:${encodeURIComponent(text)}@git.example.com/a?token=${encodeURIComponent(text)}`;
const time = '2026-01-02T03:04:05Z';

const envelope: HookShape['body'] = (text, tag, digest) => ({
  events: [
    {
      id: text,
      action: 'push',
      timestamp: time,
      target: {
        mediaType: 'application/vnd.oci.image.manifest.v1+json',
        digest,
        repository: 'shop/none',
        tag,
        url: urlOf(text),
      },
      request: { host: 'registry.example.com', useragent: text, addr: text },
      actor: { name: text, user: text },
      source: { addr: text },
    },
  ],
});

/** As in the tests of each kind. */
const shapes: Record<string, HookShape> = {
  distribution: { body: envelope },
  gitlab: { body: envelope },
  dockerhub: {
    body: (text, tag) => ({
      callback_url: urlOf(text),
      push_data: { tag, pushed_at: 1767323045, pusher: text },
      repository: { repo_name: 'shop/none', description: text, full_description: text, repo_url: urlOf(text) },
    }),
  },
  quay: {
    body: (text, tag) => ({
      repository: 'shop/none',
      docker_url: 'quay.example/shop/none',
      homepage: urlOf(text),
      updated_tags: [tag],
      name: text,
    }),
  },
  ecr: {
    body: (text, tag, digest) => ({
      id: text,
      source: 'aws.ecr',
      account: '123456789012',
      region: 'eu-west-1',
      time,
      resources: [text],
      'detail-type': 'ECR Image Action',
      detail: {
        result: 'SUCCESS',
        'action-type': 'PUSH',
        'repository-name': 'shop/none',
        'image-tag': tag,
        'image-digest': digest,
        'manifest-media-type': text,
      },
    }),
  },
  gar: {
    body: (text, tag, digest) => ({
      message: {
        data: Buffer.from(
          JSON.stringify({
            action: 'INSERT',
            digest: `h.example/shop/none@${digest}`,
            tag: `h.example/shop/none:${tag}`,
            note: text,
          }),
        ).toString('base64'),
        messageId: text,
        publishTime: time,
        attributes: { note: text },
      },
      subscription: text,
    }),
  },
  acr: {
    body: (text, tag, digest) => ({
      id: text,
      source: urlOf(text),
      timestamp: time,
      action: 'push',
      target: { repository: 'shop/none', tag, digest, mediaType: text },
      request: { id: text, host: 'shop.example.com', useragent: text },
    }),
  },
  jfrog: {
    body: (text, tag, digest) => ({
      domain: 'docker',
      event_type: 'pushed',
      source: text,
      jpd_origin: urlOf(text),
      data: { repo_key: 'shop', path: `none/${tag}/manifest.json`, tag, sha256: digest.slice(7), note: text },
    }),
  },
  nexus: {
    headers: (text) => ({ 'x-nexus-webhook-delivery': text }),
    body: (text, tag) => ({
      action: 'CREATED',
      initiator: text,
      nodeId: text,
      repositoryName: text,
      component: { format: 'docker', name: 'shop/none', version: tag, id: text },
    }),
  },
  gitea: {
    headers: (text) => ({ 'x-gitea-delivery': text }),
    body: (text, tag) => ({
      action: 'created',
      sender: { login: text, email: text, avatar_url: urlOf(text) },
      package: { type: 'container', name: 'none', owner: { login: 'shop' }, version: tag, html_url: urlOf(text) },
    }),
  },
  zot: {
    headers: (text) => ({ 'ce-type': 'zotregistry.image.updated', 'ce-source': urlOf(text), 'ce-id': text }),
    body: (text, tag, digest) => ({
      name: 'shop/none',
      reference: tag,
      digest,
      mediaType: text,
      manifest: text,
      actor: { name: text },
    }),
  },
  'aliyun-acr': {
    body: (text, tag, digest) => ({
      push_data: { tag, digest, pushed_at: '2026-01-02 11:04:05' },
      repository: { repo_full_name: 'shop/none', region: 'cn-x', repo_authentication_type: text, note: text },
    }),
  },
  generic: {
    body: (text, tag, digest) => ({
      type: 'container.image.push',
      id: text,
      source: urlOf(text),
      data: { repository: 'shop/none', tag, digest, actor: text, mediaType: text, registry: text },
    }),
  },
  harbor: {
    body: (text, tag, digest) => ({
      type: 'PUSH_ARTIFACT',
      occur_at: 1767323045,
      operator: text,
      event_data: {
        resources: [{ digest, tag, resource_url: `h.example/shop/none:${tag}` }],
        repository: { repo_full_name: 'shop/none', namespace: 'shop', name: 'none', note: text },
        custom_attributes: { note: text },
      },
    }),
  },
  ghcr: {
    headers: (text) => ({ 'x-github-delivery': text }),
    body: (text, tag, digest) => ({
      action: 'published',
      sender: { login: text, url: urlOf(text) },
      package: {
        name: 'none',
        namespace: 'shop',
        description: text,
        package_type: 'CONTAINER',
        package_version: {
          version: digest,
          package_url: `ghcr.io/shop/none:${tag}`,
          manifest: JSON.stringify({ mediaType: text }),
          body: text,
          container_metadata: { tag: { name: tag }, manifest: { digest } },
        },
      },
    }),
  },
};

export const hookKinds: readonly string[] = Object.keys(shapes);

/** Kinds that name the account of a push. */
export const kindsWithActor: readonly string[] = [
  ...['distribution', 'gitlab', 'dockerhub', 'jfrog', 'nexus', 'gitea', 'zot', 'generic', 'harbor', 'ghcr'],
];

/** A push of a tag that the registry does not have. */
export function plantedHook(kind: string, text: string, tag: string): PlantedHook {
  const { headers = () => ({}), body } = shapes[kind]!;
  return { kind, headers: headers(text), body: body(text, tag, digestOf(tag)) };
}
