import { Link } from '@tanstack/react-router';

import { useMe } from '../../parts/use-me.js';

const tabs = [
  ['/system', 'Status'],
  ['/system/registries', 'Registries'],
  ['/system/sensors', 'Sensors'],
  ['/system/clusters', 'Clusters'],
  ['/system/deliveries', 'Deliveries'],
  ['/system/dead-letters', 'Dead letters'],
  ['/system/advisories', 'Advisories'],
  ['/system/storage', 'Storage'],
  ['/start', 'Get started'],
] as const;

const adminTabs = [
  ['/system/users', 'Users'],
  ['/system/tokens', 'Tokens'],
  ['/system/sessions', 'Sessions'],
  ['/system/audit', 'Audit log'],
] as const;

export function SystemTabs() {
  const { may } = useMe();
  return (
    <nav className="tabs" aria-label="Views of the system">
      {[...tabs, ...(may('admin') ? adminTabs : [])].map(([path, title]) => (
        <Link key={path} to={path} activeOptions={{ exact: path === '/system', includeSearch: false }}>
          {title}
        </Link>
      ))}
    </nav>
  );
}
