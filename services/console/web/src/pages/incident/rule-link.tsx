import { Link } from '@tanstack/react-router';

import type { IncidentDetail } from '../../api/types.js';
import { queryText } from '../../url/query-text.js';

/** Id of a Sigma rule; the detector has no file of a rule of a sensor. */
const uuid = /^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$/i;

/** Title of a rule as a link to it, or to the alerts of one that only its sensor has. */
export function RuleLink({ title, rules }: { title: string; rules: IncidentDetail['rules'] }) {
  const id = rules.find((rule) => rule.title === title)?.id;
  if (!id) return title;
  return uuid.test(id) ? (
    <Link to="/policies/rules" search={{ q: queryText({ id }, undefined) }}>
      {title}
    </Link>
  ) : (
    <Link to="/incidents/alerts" search={{ q: queryText({ rule: id }, undefined) }}>
      {title}
    </Link>
  );
}
