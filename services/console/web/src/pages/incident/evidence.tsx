import type { IncidentDetail } from '../../api/types.js';
import { Moment } from '../../parts/moment.js';
import { Section } from '../../parts/page.js';
import { dotted } from '../../parts/words.js';
import { RuleLink } from './rule-link.js';

/** Lines that are shown; the API has the others. */
const maxLines = 100;

/** Key events, each with the record of its sensor. */
export function Evidence({ incident: { evidence, rules } }: { incident: IncidentDetail }) {
  if (evidence.length === 0) return null;
  return (
    <Section title="Evidence" note={evidence.length}>
      <ul className="lines">
        {evidence.slice(0, maxLines).map(({ event, at, source, rule, text, where, record }) => (
          <li key={`${event} ${text}`}>
            <Moment at={at} /> <code>{text}</code>{' '}
            <small className="quiet">
              {dotted(source, where)} · <RuleLink title={rule} rules={rules} />
            </small>
            {record !== null && (
              <details>
                <summary>Record of the sensor</summary>
                <pre tabIndex={0}>{JSON.stringify(record, null, 2)}</pre>
              </details>
            )}
          </li>
        ))}
      </ul>
      {evidence.length > maxLines && <p className="quiet">{evidence.length - maxLines} more by the API</p>}
    </Section>
  );
}
