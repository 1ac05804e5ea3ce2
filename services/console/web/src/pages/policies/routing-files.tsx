import type { Routing } from '../../api/types.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';

/** Routing files that notifiers use in place of a managed routing. */
export function RoutingFiles({ files }: { files: Routing['files'] }) {
  if (files.length === 0) return null;
  return (
    <Section title="File in effect">
      {files.map(({ text, readAt, instances }) => (
        <details key={text} open>
          <summary>
            <code>routing.yaml</code> of {instances.join(', ')}, read <Moment at={readAt} />
          </summary>
          <pre className="file" tabIndex={0} aria-label="Text of the file, without its secrets">
            {text}
          </pre>
        </details>
      ))}
    </Section>
  );
}
