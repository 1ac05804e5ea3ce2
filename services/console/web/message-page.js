import { api, element } from './parts.js';

const kinds = ['push', 'finding', 'incident', 'sensor', 'digest'];
const channels = { text: 'mail, as text', slack: 'Slack, as its blocks' };

/** A message about what nobody has, as the templates in use word it: `#messages/incident/text`. */
export async function messagePage(id) {
  const [kind, channel] = id.split('/');
  const { title, content } = await api(`messages/preview?${new URLSearchParams({ kind, channel })}`);
  return [
    choice('Message', kinds, kind, (each) => [`#messages/${each}/${channel}`, each]),
    choice('Channel', Object.keys(channels), channel, (each) => [`#messages/${kind}/${each}`, channels[each]]),
    element('h2', {}, title),
    element('pre', { class: 'message' }, content),
  ];
}

function choice(label, names, chosen, linkOf) {
  const links = names.map((name) => {
    const [href, text] = linkOf(name);
    return element('a', { href, 'aria-current': name === chosen ? 'true' : undefined }, text);
  });
  return element('nav', { class: 'choice', 'aria-label': label }, ...links);
}
