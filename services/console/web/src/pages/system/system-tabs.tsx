import { Link } from '@tanstack/react-router';

const tabs = [
  ['/system', 'Status'],
  ['/system/registries', 'Registries'],
  ['/system/sensors', 'Sensors'],
  ['/system/deliveries', 'Deliveries'],
  ['/system/dead-letters', 'Dead letters'],
  ['/system/advisories', 'Advisories'],
] as const;

export function SystemTabs() {
  return (
    <nav className="tabs" aria-label="Views of the system">
      {tabs.map(([path, title]) => (
        <Link key={path} to={path} activeOptions={{ exact: path === '/system', includeSearch: false }}>
          {title}
        </Link>
      ))}
    </nav>
  );
}
