import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';

import { messagePreview } from '../../api/queries.js';
import { FilterSelect } from '../../parts/filters.js';
import { PageHead, Section } from '../../parts/page.js';
import { Loaded } from '../../parts/states.js';
import { messageKinds, previewChannels } from './message-kinds.js';
import { PolicyTabs } from './policy-tabs.js';

const route = getRouteApi('/policies/messages');

/** Messages about fictitious images, worded by the templates in use. */
export function MessagesPage() {
  const { kind = 'incident', channel = 'mail' } = route.useSearch();
  const read = useQuery(messagePreview({ kind, channel: channel === 'mail' ? 'text' : channel }));
  return (
    <>
      <PageHead title="Messages" about="Samples in the words of the templates in use" />
      <PolicyTabs />
      <div className="filters">
        <FilterSelect label="Message" name="kind" value={kind} options={messageKinds} />
        <FilterSelect label="Channel" name="channel" value={channel} options={previewChannels} />
      </div>
      <Loaded read={read}>
        {({ title, content }) => (
          <Section title={title}>
            {channel === 'mail' ? (
              <MailFrame kind={kind} title={title} />
            ) : (
              <pre className="preview" tabIndex={0}>
                {content}
              </pre>
            )}
          </Section>
        )}
      </Loaded>
    </>
  );
}

/** The mail as a page of its own, in which nothing runs. */
function MailFrame({ kind, title }: { kind: string; title: string }) {
  const query = new URLSearchParams({ kind }).toString();
  return <iframe className="preview" title={title} sandbox="" src={`api/v1/messages/preview/mail?${query}`} />;
}
