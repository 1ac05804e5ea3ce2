import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
  redirect,
  retainSearchParams,
} from '@tanstack/react-router';
import { severities } from '@tidewaiter/domain';

import { Shell } from './frame/shell.js';
import { imageTabIds } from './pages/image/image-tab-ids.js';
import { pushOrderNames } from './pages/images/push-orders.js';
import { orderNames } from './pages/incidents/incident-orders.js';
import { incidentStateFilters } from './pages/incidents/incident-query.js';
import { messageKinds, previewChannelNames } from './pages/policies/message-kinds.js';
import { conditionNames } from './pages/vulnerabilities/reach-question.js';
import { vulnerabilitySorts } from './pages/vulnerabilities/vulnerability-orders.js';
import { workloadOrderNames } from './pages/workloads/workload-orders.js';
import { EmptyState, Problem, Skeleton } from './parts/states.js';
import { scopeParamNames, scopeParams } from './scope/scope.js';
import { parseSearch, type SearchOf, searchParams, stringifySearch } from './url/search-params.js';

const root = createRootRoute({
  validateSearch: searchParams(scopeParams),
  // The scope stays until it is removed.
  search: { middlewares: [retainSearchParams<SearchOf<typeof scopeParams>>([...scopeParamNames])] },
  component: () => <Shell />,
  notFoundComponent: () => (
    <EmptyState title="There is no such page" isPage>
      <Link to="/">Back to Now</Link>
    </EmptyState>
  ),
});

const at = <const Path extends string>(path: Path) => ({ getParentRoute: () => root, path });

const now = createRoute({
  ...at('/'),
  component: lazyRouteComponent(() => import('./pages/now/now-page.js'), 'NowPage'),
});

const start = createRoute({
  ...at('/start'),
  validateSearch: searchParams({ registry: 'text' }),
  component: lazyRouteComponent(() => import('./pages/start/start-page.js'), 'StartPage'),
});

const views = createRoute({
  ...at('/views'),
  component: lazyRouteComponent(() => import('./pages/views/views-page.js'), 'ViewsPage'),
});

const incidents = createRoute({
  ...at('/incidents'),
  validateSearch: searchParams({
    state: incidentStateFilters,
    severity: severities,
    assignee: ['me', 'none'],
    q: 'text',
    sort: orderNames,
    selected: 'text',
  }),
  component: lazyRouteComponent(() => import('./pages/incidents/incidents-page.js'), 'IncidentsPage'),
});

const alerts = createRoute({
  ...at('/incidents/alerts'),
  validateSearch: searchParams({ q: 'text' }),
  component: lazyRouteComponent(() => import('./pages/incidents/alerts-page.js'), 'AlertsPage'),
});

const incident = createRoute({
  ...at('/incidents/$id'),
  component: lazyRouteComponent(() => import('./pages/incident/incident-page.js'), 'IncidentPage'),
});

const images = createRoute({
  ...at('/images'),
  validateSearch: searchParams({
    tab: ['pushes', 'repositories'],
    state: ['accepted', 'analyzing', 'analyzed', 'refused', 'not-an-image', 'dead-lettered'],
    q: 'text',
    sort: pushOrderNames,
  }),
  component: lazyRouteComponent(() => import('./pages/images/images-page.js'), 'ImagesPage'),
});

const image = createRoute({
  ...at('/images/$digest'),
  validateSearch: searchParams({
    push: 'text',
    sort: 'text',
    tab: imageTabIds,
  }),
  component: lazyRouteComponent(() => import('./pages/image/image-page.js'), 'ImagePage'),
});

const repository = createRoute({
  ...at('/images/repository'),
  validateSearch: searchParams({ connection: 'text', name: 'text' }),
  component: lazyRouteComponent(() => import('./pages/images/repository-page.js'), 'RepositoryPage'),
});

const compare = createRoute({
  ...at('/compare'),
  validateSearch: searchParams({ from: 'text', to: 'text' }),
  component: lazyRouteComponent(() => import('./pages/compare/compare-page.js'), 'ComparePage'),
});

const push = createRoute({
  ...at('/pushes/$id'),
  component: lazyRouteComponent(() => import('./pages/push/push-page.js'), 'PushPage'),
});

const vulnerabilities = createRoute({
  ...at('/vulnerabilities'),
  validateSearch: searchParams({
    tab: ['list', 'fixes', 'search'],
    q: 'text',
    sort: vulnerabilitySorts,
    by: conditionNames,
    value: 'text',
    running: ['true'],
  }),
  component: lazyRouteComponent(() => import('./pages/vulnerabilities/vulnerabilities-page.js'), 'VulnerabilitiesPage'),
});

const vulnerability = createRoute({
  ...at('/vulnerabilities/$id'),
  component: lazyRouteComponent(() => import('./pages/vulnerabilities/vulnerability-page.js'), 'VulnerabilityPage'),
});

const workloads = createRoute({
  ...at('/workloads'),
  validateSearch: searchParams({
    tab: ['workloads', 'namespaces', 'misconfiguration'],
    q: 'text',
    sort: workloadOrderNames,
    severity: severities,
    state: ['open', 'ended'],
    cluster: 'text',
    namespace: 'text',
    workload: 'text',
    check: 'text',
  }),
  component: lazyRouteComponent(() => import('./pages/workloads/workloads-page.js'), 'WorkloadsPage'),
});

const workload = createRoute({
  ...at('/workloads/$cluster/$namespace/$kind/$name'),
  component: lazyRouteComponent(() => import('./pages/workloads/workload-page.js'), 'WorkloadPage'),
});

const policies = createRoute({
  ...at('/policies'),
  beforeLoad: () => {
    throw redirect({ to: '/policies/exceptions', replace: true });
  },
});

const entrySearch = searchParams({ q: 'text', name: 'text', edit: ['new'], finding: 'text', repository: 'text' });

const exceptions = createRoute({
  ...at('/policies/exceptions'),
  validateSearch: entrySearch,
  component: lazyRouteComponent(() => import('./pages/policies/entry-pages.js'), 'ExceptionsPage'),
});

const gates = createRoute({
  ...at('/policies/gates'),
  validateSearch: entrySearch,
  component: lazyRouteComponent(() => import('./pages/policies/entry-pages.js'), 'GatesPage'),
});

const signers = createRoute({
  ...at('/policies/signers'),
  validateSearch: entrySearch,
  component: lazyRouteComponent(() => import('./pages/policies/entry-pages.js'), 'SignersPage'),
});

const reports = createRoute({
  ...at('/policies/reports'),
  validateSearch: entrySearch,
  component: lazyRouteComponent(() => import('./pages/policies/entry-pages.js'), 'ReportsPage'),
});

const report = createRoute({
  ...at('/report'),
  validateSearch: searchParams({ by: ['repository', 'owner'], q: 'text' }),
  component: lazyRouteComponent(() => import('./pages/report/report-page.js'), 'ReportPage'),
});

const fixTimes = createRoute({
  ...at('/report/fixes'),
  validateSearch: searchParams({ by: ['repository', 'owner'], days: ['30', '90', '365'], repository: 'text' }),
  component: lazyRouteComponent(() => import('./pages/report/fix-times-page.js'), 'FixTimesPage'),
});

const storedReport = createRoute({
  ...at('/report/$run'),
  component: lazyRouteComponent(() => import('./pages/report/report-page.js'), 'StoredReportPage'),
});

const registries = createRoute({
  ...at('/system/registries'),
  validateSearch: entrySearch,
  component: lazyRouteComponent(() => import('./pages/system/entry-pages.js'), 'RegistriesPage'),
});

const sensors = createRoute({
  ...at('/system/sensors'),
  validateSearch: entrySearch,
  component: lazyRouteComponent(() => import('./pages/system/entry-pages.js'), 'SensorsPage'),
});

const silences = createRoute({
  ...at('/policies/silences'),
  validateSearch: searchParams({ all: ['true'], id: 'text', q: 'text' }),
  component: lazyRouteComponent(() => import('./pages/policies/silences-page.js'), 'SilencesPage'),
});

const routes = createRoute({
  ...at('/policies/routes'),
  component: lazyRouteComponent(() => import('./pages/policies/routes-page.js'), 'RoutesPage'),
});

const channels = createRoute({
  ...at('/policies/channels'),
  component: lazyRouteComponent(() => import('./pages/policies/channels-page.js'), 'ChannelsPage'),
});

const messages = createRoute({
  ...at('/policies/messages'),
  validateSearch: searchParams({ kind: messageKinds, channel: previewChannelNames }),
  component: lazyRouteComponent(() => import('./pages/policies/messages-page.js'), 'MessagesPage'),
});

const rules = createRoute({
  ...at('/policies/rules'),
  validateSearch: searchParams({ state: ['loaded', 'refused'], q: 'text' }),
  component: lazyRouteComponent(() => import('./pages/policies/rules-page.js'), 'RulesPage'),
});

const system = createRoute({
  ...at('/system'),
  component: lazyRouteComponent(() => import('./pages/system/status-page.js'), 'StatusPage'),
});

const deliveries = createRoute({
  ...at('/system/deliveries'),
  validateSearch: searchParams({
    receiver: 'text',
    state: ['failed', 'fallen-back', 'retrying', 'held', 'sent'],
    q: 'text',
  }),
  component: lazyRouteComponent(() => import('./pages/system/deliveries-page.js'), 'DeliveriesPage'),
});

const delivery = createRoute({
  ...at('/system/deliveries/$id'),
  component: lazyRouteComponent(() => import('./pages/system/delivery-page.js'), 'DeliveryPage'),
});

const deadLetters = createRoute({
  ...at('/system/dead-letters'),
  validateSearch: searchParams({ q: 'text' }),
  component: lazyRouteComponent(() => import('./pages/system/dead-letters-page.js'), 'DeadLettersPage'),
});

const advisories = createRoute({
  ...at('/system/advisories'),
  component: lazyRouteComponent(() => import('./pages/system/advisories-page.js'), 'AdvisoriesPage'),
});

const storage = createRoute({
  ...at('/system/storage'),
  component: lazyRouteComponent(() => import('./pages/system/storage-page.js'), 'StoragePage'),
});

const clusters = createRoute({
  ...at('/system/clusters'),
  component: lazyRouteComponent(() => import('./pages/system/clusters-page.js'), 'ClustersPage'),
});

const users = createRoute({
  ...at('/system/users'),
  component: lazyRouteComponent(() => import('./pages/access/users-page.js'), 'UsersPage'),
});

const tokens = createRoute({
  ...at('/system/tokens'),
  component: lazyRouteComponent(() => import('./pages/access/tokens-page.js'), 'TokensPage'),
});

const sessions = createRoute({
  ...at('/system/sessions'),
  component: lazyRouteComponent(() => import('./pages/access/sessions-page.js'), 'SessionsPage'),
});

const audit = createRoute({
  ...at('/system/audit'),
  validateSearch: searchParams({ q: 'text' }),
  component: lazyRouteComponent(() => import('./pages/access/audit-page.js'), 'AuditPage'),
});

const device = createRoute({
  ...at('/device'),
  validateSearch: searchParams({ code: 'text' }),
  component: lazyRouteComponent(() => import('./pages/device/device-page.js'), 'DevicePage'),
});

const routeTree = root.addChildren([
  ...[now, start, views, incidents, alerts, incident, images, image, repository, compare, push],
  ...[vulnerabilities, vulnerability, workloads, workload],
  ...[exceptions, gates, signers, reports, registries, sensors],
  ...[report, fixTimes, storedReport],
  ...[policies, silences, routes, channels, messages, rules, system, deliveries, delivery, deadLetters, advisories],
  ...[storage, clusters],
  ...[users, tokens, sessions, audit],
  device,
]);

export const router = createRouter({
  routeTree,
  basepath: new URL(document.baseURI).pathname,
  parseSearch,
  stringifySearch,
  scrollRestoration: true,
  defaultPreload: 'intent',
  defaultPendingComponent: () => <Skeleton />,
  defaultErrorComponent: ({ error, reset }) => <Problem error={error as Error} retry={reset} isPage />,
});

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
