import { cut, type RuntimeEvent } from '@tidewaiter/domain';

import type { ImageReference } from './image-reference.js';

const maxRuleChars = 120;
const maxSubjectChars = 160;
const maxNamespaceChars = 63;

/** What happened where, in a line that shows what it says: `Terminal shell in container: shop/app:1 in namespace shop`. */
export function incidentTitle(event: RuntimeEvent, reference: ImageReference | null): string {
  const namespace = event.kubernetes?.namespace;
  const where = namespace ? ` in namespace ${visible(namespace, maxNamespaceChars)}` : '';
  return `${visible(event.rule, maxRuleChars)}: ${visible(subjectText(event, reference), maxSubjectChars)}${where}`;
}

function subjectText({ container, kubernetes, host }: RuntimeEvent, reference: ImageReference | null): string {
  if (container === null || reference === null) {
    if (kubernetes?.pod) return `pod ${kubernetes.pod}`;
    return host === null ? 'a host that is not named' : `host ${host}`;
  }
  const { digest, repository, tag } = reference;
  if (repository !== null) return `${reference.host}/${repository}${tag === null ? '' : `:${tag}`}`;
  if (digest !== null) return `image ${digest.slice(0, 'sha256:'.length + 12)}`;
  const name = container.id ?? container.name;
  return name === null ? 'a container of an unknown image' : `container ${name} of an unknown image`;
}

// Controls, directional overrides and zero-width characters can make a text read as another one, or hide a part of it.
const blank = /[\s\p{Cc}]+/gu;
const invisible = /[\p{Cf}\p{Co}]/gu;

/** One line of text without controls and direction tricks, at most `maxChars` UTF-16 units. */
function visible(text: string, maxChars: number): string {
  return cut(text.toWellFormed().replace(blank, ' ').replace(invisible, '').trim(), maxChars);
}
