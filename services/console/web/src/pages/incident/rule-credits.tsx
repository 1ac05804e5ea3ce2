import type { IncidentDetail } from '../../api/types.js';
import { Section } from '../../parts/page.js';
import { RuleLink } from './rule-link.js';

/** Rules that matched, with the authors whom their licenses ask to name. */
export function RuleCredits({ rules }: { rules: IncidentDetail['rules'] }) {
  if (rules.length === 0) return null;
  return (
    <Section title="Rules">
      <ul className="lines">
        {rules.map(({ title, author, license, link }) => (
          <li key={`${title} ${link}`}>
            <RuleLink title={title} rules={rules} />{' '}
            <small className="quiet">
              {author !== null && `by ${author}`} {license !== null && `(${license})`}{' '}
              {isHttps(link) && (
                <a href={link} rel="noreferrer" aria-label={`Reference of ${title}`}>
                  reference
                </a>
              )}
            </small>
          </li>
        ))}
      </ul>
    </Section>
  );
}

/** Links of rules come from their files: `javascript:` must not become one. */
function isHttps(link: string | null): link is string {
  return link !== null && URL.parse(link)?.protocol === 'https:';
}
