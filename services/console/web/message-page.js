import { api, element } from './parts.js';

const kinds = ['push', 'finding', 'incident', 'sensor', 'summary'];
const channels = { mail: 'mail', text: 'mail, as text', slack: 'Slack, as its blocks' };

/** A message about what nobody has, as the templates in use word it: `#messages/incident/mail`. */
export async function messagePage(id) {
  const [kind, channel] = id.split('/');
  const shown = channel === 'mail' ? 'text' : channel;
  const { title, content } = await api(`messages/preview?${new URLSearchParams({ kind, channel: shown })}`);
  return [
    choice('Message', kinds, kind, (each) => [`#messages/${each}/${channel}`, each]),
    choice('Channel', Object.keys(channels), channel, (each) => [`#messages/${kind}/${each}`, channels[each]]),
    element('h2', {}, title),
    channel === 'mail' ? mailFrame(kind, title) : element('pre', { class: 'message' }, content),
  ];
}

function mailFrame(kind, title) {
  const src = `api/v1/messages/preview/mail?${new URLSearchParams({ kind })}`;
  return element('iframe', { class: 'message', src, title, sandbox: '' });
}

function choice(label, names, chosen, linkOf) {
  const links = names.map((name) => {
    const [href, text] = linkOf(name);
    return element('a', { href, 'aria-current': name === chosen ? 'true' : undefined }, text);
  });
  return element('nav', { class: 'choice', 'aria-label': label }, ...links);
}
